package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The flags reach the listener. */
class RateLimitsProcessTest {

  @TempDir private Path directory;

  @Test
  void flagsLimitHandshakesAndNewSessions() throws Exception {
    try (Processes processes = new Processes(directory)) {
      Process unused =
          processes.launch(
              "server",
              "",
              ("--host 127.0.0.1 --port 0 --admin-port 0 --log-format json"
                      + " --handshake-rate-per-address 3 --session-rate-per-address 1")
                  .split(" "));
      int port = processes.port("server");

      List<String> answers = IntStream.range(0, 10).mapToObj(i -> answer(port)).distinct().toList();

      assertThat(answers)
          .contains(
              "The address 127.0.0.1 may make 1 new sessions a minute, and this is one more.\n",
              "The address 127.0.0.1 may make 3 handshakes a minute, and this is one more.\n");
    }
  }

  private static String answer(int port) {
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.handshake("/ws/chat/").getBytes(StandardCharsets.US_ASCII));
      return client.response().body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
