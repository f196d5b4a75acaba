package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.DrainReport;
import dev.tally.server.RawClient.Frame;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class DrainTest {

  @Test
  void saysByeToEverybodyAndClosesWith1001() throws Exception {
    try (RunningServer server = new RunningServer();
        RawClient first = RawClient.open(server.port());
        RawClient second = RawClient.open(server.port())) {
      first.text("one");
      assertThat(first.next().text()).isEqualTo("{\"count\": 1}");
      CompletableFuture<DrainReport> stop =
          CompletableFuture.supplyAsync(() -> server.server().stop());

      for (RawClient client : new RawClient[] {first, second}) {
        int total = client == first ? 1 : 0;
        assertThat(client.next().text()).isEqualTo("{\"bye\": true, \"total\": " + total + "}");
        Frame close = client.next();
        assertThat(close.closeCode()).isEqualTo(1001);
        assertThat(close.closeReason()).startsWith("retry_after_ms=");
        client.send(RawClient.frame(RawClient.CLOSE, close.payload()));
        assertThat(client.atEnd()).isTrue();
      }
      DrainReport report = stop.get();
      assertThat(report.closed()).isEqualTo(2);
      assertThat(report.abandoned()).isZero();
      assertThat(server.events).contains("closed 1001").doesNotContain("closed 1006");
    }
  }
}
