package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process whose memory is not enough for the bounds that it was given. */
@Timeout(120)
class OutOfMemoryTest {

  private static final Pattern PORT = Pattern.compile("\"event\":\"ready\",\"port\":(\\d+)");
  private static final int MEGABYTE = 1 << 20;

  @TempDir private Path directory;
  private @Nullable Process server;

  @AfterEach
  void end() {
    if (server != null) {
      server.destroyForcibly();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-XX:+ExitOnOutOfMemoryError"})
  void itEndsWithASentence(String option) throws Exception {
    Process started = start(option);
    int port = port(started.inputReader());
    byte[] message = RawClient.frame(RawClient.TEXT, new byte[2 * MEGABYTE]);
    byte[] unfinished = Arrays.copyOf(message, message.length - 1);
    List<RawClient> clients = new ArrayList<>();
    try {
      // Unfinished messages, of which all are kept.
      for (int i = 0; i < 64 && started.isAlive(); i++) {
        RawClient client = RawClient.open(port);
        clients.add(client);
        client.send(unfinished);
      }
    } catch (IOException e) {
      // It is gone.
    }

    assertThat(started.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(started.exitValue()).isEqualTo(3);
    String said = Files.readString(directory.resolve("err"));
    assertThat(said)
        .contains(option.isEmpty() ? "tally-server: out of memory, with a heap of" : "OutOfMemory");
    for (RawClient client : clients) {
      client.close();
    }
  }

  private Process start(String option) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx24m", "-XX:+UseSerialGC", "-XX:+DisplayVMOutputToStderr"));
    if (!option.isEmpty()) {
      command.add(option);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--admin-port", "0"));
    command.addAll(List.of("--log-format", "json", "--max-message-bytes", "" + 2 * MEGABYTE));
    command.addAll(List.of("--max-buffered-bytes", "" + 1024L * MEGABYTE));
    Process started =
        new ProcessBuilder(command).redirectError(directory.resolve("err").toFile()).start();
    server = started;
    return started;
  }

  private static int port(BufferedReader log) throws Exception {
    Matcher ready = PORT.matcher("");
    while (!ready.find()) {
      ready = PORT.matcher(Objects.requireNonNull(log.readLine(), "it has ended"));
    }
    return Integer.parseInt(ready.group(1));
  }
}
