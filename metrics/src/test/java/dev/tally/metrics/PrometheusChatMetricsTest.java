package dev.tally.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import io.prometheus.client.CollectorRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class PrometheusChatMetricsTest {

  private final CollectorRegistry registry = new CollectorRegistry();
  private final PrometheusChatMetrics metrics = new PrometheusChatMetrics(registry);

  @Test
  void countersFollowEvents() throws Exception {
    metrics.received();
    metrics.received();
    metrics.acknowledged(60_000);
    metrics.unacknowledged(3);
    metrics.handshake("accepted");
    metrics.error("slow_consumer");
    metrics.heartbeat(7);
    metrics.committed(5, 2_000_000);
    metrics.logged(2, 70);
    metrics.missingFromLog(4);
    metrics.sessionOpened(lease(false, Optional.empty()));
    metrics.sessionOpened(lease(true, Optional.of(Duration.ofMillis(40))));
    assertThat(Scrape.of(registry))
        .contains(
            "websocket_messages_total 2.0\n",
            "chat_acknowledged_total 1.0\n",
            "chat_unacknowledged_total 3.0\n",
            "chat_ack_seconds_bucket{le=\"5.0E-5\",} 0.0\n",
            "chat_ack_seconds_bucket{le=\"1.0E-4\",} 1.0\n",
            "websocket_handshakes_total{result=\"accepted\",} 1.0\n",
            "websocket_errors_total{kind=\"slow_consumer\",} 1.0\n",
            "chat_heartbeats_total 7.0\n",
            "session_store_batch_size_sum 5.0\n",
            "message_log_messages_total 2.0\n",
            "message_log_bytes_total 70.0\n",
            "message_log_missing_total 4.0\n",
            "session_store_commit_seconds_sum 0.002\n",
            "chat_sessions_total{kind=\"new\",} 1.0\n",
            "chat_sessions_total{kind=\"resumed\",} 1.0\n",
            "chat_resume_gap_seconds_sum 0.04\n");
  }

  @Test
  void closeCodesOfTheClientsOwnShareOneLabel() throws Exception {
    metrics.closed(1001);
    metrics.closed(1005);
    metrics.closed(4777);
    metrics.closed(3001);
    assertThat(Scrape.of(registry))
        .contains(
            "websocket_closes_total{code=\"1001\",} 1.0\n",
            "websocket_closes_total{code=\"1005\",} 1.0\n",
            "websocket_closes_total{code=\"other\",} 2.0\n")
        .doesNotContain("code=\"4777\"");
  }

  @Test
  void gaugesAreReadWhenScraped() throws Exception {
    metrics.bind(new FixedStatistics(12));
    assertThat(Scrape.of(registry))
        .contains(
            "websocket_active_connections 12.0\n",
            "chat_ready 1.0\n",
            "chat_draining 0.0\n",
            "session_store_up 1.0\n",
            "chat_pending_messages 3.0\n",
            "chat_pending_bytes 30.0\n",
            "session_store_queue_depth{queue=\"open\",} 1.0\n",
            "session_store_queue_depth{queue=\"commit\",} 2.0\n");
  }

  @Test
  void isNotReadyBeforeTheServerAroundItIs() throws Exception {
    AtomicBoolean hasKeys = new AtomicBoolean();
    metrics.bind(new FixedStatistics(12));
    metrics.readyOnlyIf(hasKeys::get);
    assertThat(Scrape.of(registry)).contains("chat_ready 0.0\n");
    hasKeys.set(true);
    assertThat(Scrape.of(registry)).contains("chat_ready 1.0\n");
  }

  private static Lease lease(boolean resumed, Optional<Duration> gap) {
    return new Lease(SessionId.random(), 1, 0, resumed, gap);
  }

  private record FixedStatistics(int connections) implements ChatStatistics {

    @Override
    public long pendingMessages() {
      return 3;
    }

    @Override
    public long pendingBytes() {
      return 30;
    }

    @Override
    public int openQueueDepth() {
      return 1;
    }

    @Override
    public int commitQueueDepth() {
      return 2;
    }

    @Override
    public boolean storeUp() {
      return true;
    }

    @Override
    public boolean storeFull() {
      return false;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public boolean draining() {
      return false;
    }
  }
}
