package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.auth.Issuer;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line client and a server that requires tokens, in processes of their own. */
class ClientTokensProcessTest {

  private static final byte[] SECRET =
      "a secret of thirty-two bytes or more".getBytes(StandardCharsets.US_ASCII);

  @TempDir private Path directory;
  private Processes processes;
  private String url = "";

  @BeforeEach
  void startServer() throws Exception {
    processes = new Processes(directory);
    Path secret = Files.write(directory.resolve("secret"), SECRET);
    processes.launch(
        "server", "", "--port", "0", "--admin-port", "0", "--auth-secret-file", secret.toString());
    url = "ws://127.0.0.1:" + processes.port("server") + "/ws/chat/";
  }

  @AfterEach
  void stop() {
    processes.close();
  }

  private static String token(byte[] secret, int seconds) throws Exception {
    long expires = Instant.now().getEpochSecond() + seconds;
    return Issuer.hs256(secret, "{\"sub\":\"alice\",\"exp\":" + expires + "}");
  }

  @Test
  void tokenOfAFileIsReadAgainForEachConnection() throws Exception {
    Path file = Files.writeString(directory.resolve("token"), token(SECRET, 3) + "\n");
    Process client = client("--token-file", file.toString());
    try (Writer lines = client.outputWriter()) {
      lines.write("one\n");
      lines.flush();
      Await.until(() -> processes.output("client").lines().anyMatch("1"::equals));
      Files.writeString(file, token(SECRET, 600));
      // The first token lives for 3 s. The client moves to the next one before that.
      Await.until(() -> processes.output("client").contains("resumed session"));
      lines.write("two\n");
    }

    assertThat(Processes.exitCode(client)).isZero();
    assertThat(processes.output("client")).contains("lost 0, duplicated 0, reconnects 1");
  }

  @Test
  void commandThatPrintsATokenIsRun() throws Exception {
    Process client = client("--token-command", "printf %s '" + token(SECRET, 600) + "'");
    try (Writer lines = client.outputWriter()) {
      lines.write("one\ntwo\n");
    }

    assertThat(Processes.exitCode(client)).isZero();
    assertThat(processes.output("client")).contains("sent 2, counted 2, lost 0");
  }

  @Test
  void refusedTokensEndTheClientWithTheReason() throws Exception {
    String wrong =
        token("another secret of 32 bytes or more".getBytes(StandardCharsets.US_ASCII), 600);
    Process client = client("--token-command", "echo " + wrong, "--give-up-after", "1s");

    assertThat(Processes.exitCode(client)).isEqualTo(1);
    assertThat(processes.output("client"))
        .contains("no connection for 1 s: the server refused the token")
        .doesNotContain(wrong);
  }

  @Test
  void commandThatFailsEndsTheClientWithTheReason() throws Exception {
    Process client = client("--token-command", "exit 3", "--give-up-after", "1s");

    assertThat(Processes.exitCode(client)).isEqualTo(1);
    assertThat(processes.output("client"))
        .contains("no token: the token command ended with exit code 3");
  }

  @Test
  void outputThatIsNoTokenIsNotShown() throws Exception {
    Process client = client("--token-command", "echo two words", "--give-up-after", "1s");

    assertThat(Processes.exitCode(client)).isEqualTo(1);
    assertThat(processes.output("client"))
        .contains("the output of the token command is not a token (RFC 6750)")
        .doesNotContain("two words");
  }

  @Test
  void onlyOnePlaceForTokensMayBeGiven() throws Exception {
    Process client = client("--token-command", "true", "--token-file", "none");

    assertThat(Processes.exitCode(client)).isEqualTo(2);
    assertThat(processes.output("client")).contains("only one may");
  }

  private Process client(String... flags) throws Exception {
    String[] arguments = new String[flags.length + 2];
    arguments[0] = "client";
    System.arraycopy(flags, 0, arguments, 1, flags.length);
    arguments[arguments.length - 1] = url;
    return processes.launch("client", "", arguments);
  }
}
