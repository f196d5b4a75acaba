package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Writer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client need not pace itself: it is not thrown out for being faster than the rate. */
class MessageRateProcessTest {

  @TempDir private Path directory;

  @Test
  void linesThatComeFasterThanTheRateAreAllCountedOverOneConnection() throws Exception {
    try (Processes processes = new Processes(directory)) {
      String flags =
          "--host 127.0.0.1 --port 0 --admin-port 0 --log-format json --message-rate 100";
      Process unused = processes.launch("server", "", flags.split(" "));
      String address = "ws://127.0.0.1:" + processes.port("server") + "/ws/chat/";
      Process client = processes.launch("client", "", "client", address);
      try (Writer lines = client.outputWriter()) {
        lines.write("line\n".repeat(1000));
      }

      assertThat(Processes.exitCode(client)).as(processes.output("client")).isZero();
      assertThat(processes.output("client"))
          .contains("sent 1000, counted 1000, lost 0, duplicated 0, reconnects 0");
    }
  }
}
