package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The message log of servers in processes of their own, with a real Redis. */
class MessageLogProcessTest {

  private final RedisServer redis = RedisServer.start();
  private Processes processes;

  @BeforeEach
  void prepare(@TempDir Path directory) {
    processes = new Processes(directory);
  }

  @AfterEach
  void stop() {
    processes.close();
    redis.close();
  }

  @Test
  void whatClientsSendIsInTheLogWhenItIsAcknowledged() throws Exception {
    start("one", "--message-log-partitions", "1");
    try (RawClient client = RawClient.open(processes.port("one"))) {
      client.text("hello, world");
      assertThat(client.next().text()).isEqualTo("{\"count\": 1}");
    }

    assertThat(redis.cli("XRANGE", MessageLog.stream(0), "-", "+").lines())
        .containsSubsequence("session", "began", "n", "1", "text", "hello, world", "at");
  }

  @Test
  void serverWithAnotherNumberOfPartitionsDoesNotStart() throws Exception {
    start("one", "--message-log-partitions", "1");
    processes.port("one");

    Process other = start("other", "--message-log-partitions", "2");

    assertThat(Processes.exitCode(other)).isEqualTo(2);
    assertThat(processes.output("other"))
        .isEqualTo(
            "tally-server: the message log in Redis has 1 partitions, and this server is set to 2:"
                + " all servers on one Redis must have the same number"
                + " (--message-log-partitions).\n");
  }

  private Process start(String name, String flag, String value) throws Exception {
    return processes.launch(
        name,
        "",
        "--port",
        "0",
        "--admin-port",
        "0",
        "--redis-url",
        redis.url(),
        "--message-log",
        "on",
        flag,
        value);
  }
}
