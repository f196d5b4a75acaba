package dev.tally.server.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Where a client gets its token, a new one for each attempt. A token never stands on the command
 * line, where {@code ps} shows it to everybody.
 */
sealed interface TokenSource {

  /**
   * Gets a token; may wait.
   *
   * @throws IOException with a sentence that does not repeat the token
   */
  String token() throws IOException, InterruptedException;

  /** A file that another program keeps up to date. */
  record InFile(Path path) implements TokenSource {
    @Override
    public String token() throws IOException {
      try (InputStream file = Files.newInputStream(path)) {
        return Text.token(file, "the file " + path);
      }
    }
  }

  /** A command of the shell that prints a token. Its error output goes to that of this process. */
  record OfCommand(String command, Duration timeout) implements TokenSource {
    @Override
    public String token() throws IOException, InterruptedException {
      Process process =
          new ProcessBuilder(List.of("sh", "-c", command))
              // Standard input has the user's lines; the command must not read one.
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        // Before its output is read: a command that waits for ever prints nothing and does not end.
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IOException("the token command took longer than " + timeout.toSeconds() + " s");
        }
        if (process.exitValue() != 0) {
          throw new IOException("the token command ended with exit code " + process.exitValue());
        }
        return Text.token(process.getInputStream(), "the output of the token command");
      } finally {
        process.destroyForcibly();
      }
    }
  }

  /** How a token is read. */
  final class Text {
    private static final int MAX_BYTES = 8192;

    /** RFC 6750, section 2.1: b64token. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private Text() {}

    static String token(InputStream input, String where) throws IOException {
      String text = new String(input.readNBytes(MAX_BYTES + 1), StandardCharsets.UTF_8).strip();
      if (!TOKEN.matcher(text).matches() || text.length() > MAX_BYTES) {
        throw new IOException(where + " is not a token (RFC 6750)");
      }
      return text;
    }
  }
}
