package dev.tally.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.Readiness;
import dev.tally.chat.SessionId;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PrometheusChatMetricsTest {

  private long nanos;
  private final CollectorRegistry registry = new CollectorRegistry();
  private final PrometheusChatMetrics metrics = new PrometheusChatMetrics(registry, () -> nanos);

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
    metrics.sessionOpened(lease(false, Optional.empty()));
    metrics.sessionOpened(lease(true, Optional.of(Duration.ofMillis(40))));
    assertThat(scrape())
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
    assertThat(scrape())
        .contains(
            "websocket_closes_total{code=\"1001\",} 1.0\n",
            "websocket_closes_total{code=\"1005\",} 1.0\n",
            "websocket_closes_total{code=\"other\",} 2.0\n")
        .doesNotContain("code=\"4777\"");
  }

  @Test
  void gaugesAreReadWhenScraped() throws Exception {
    metrics.bind(new FixedStatistics(12));
    metrics.connectionLimit(19_000);
    metrics.outboundBytes(() -> 512);
    metrics.buffer("replies", 4096, () -> 1024);
    metrics.drainLimit(Duration.ofSeconds(15));
    metrics.droppedLogLines(() -> 8);
    metrics.started(Duration.ofMillis(750));
    assertThat(scrape())
        .contains(
            "websocket_active_connections 12.0\n",
            "websocket_connection_limit 19000.0\n",
            "websocket_outbound_bytes 512.0\n",
            "buffered_bytes{kind=\"replies\",} 1024.0\n",
            "buffered_bytes_limit{kind=\"replies\",} 4096.0\n",
            "chat_drain_limit_seconds 15.0\n",
            "log_dropped_lines_total 8.0\n",
            "chat_startup_seconds 0.75\n",
            "chat_ready 1.0\n",
            "chat_draining 0.0\n",
            "session_store_up 1.0\n",
            "chat_pending_messages 3.0\n",
            "chat_pending_bytes 30.0\n",
            "session_store_queue_depth{queue=\"open\",} 1.0\n",
            "session_store_queue_depth{queue=\"commit\",} 2.0\n");
  }

  @Test
  void shutdownTimeMovesFromTheDrainsBeginning() throws Exception {
    nanos += TimeUnit.SECONDS.toNanos(100);
    assertThat(scrape()).contains("chat_shutdown_seconds 0.0\n");
    metrics.drainStarted();
    nanos += TimeUnit.MILLISECONDS.toNanos(2_500);
    assertThat(scrape()).contains("chat_shutdown_seconds 2.5\n");
    nanos += TimeUnit.MILLISECONDS.toNanos(500);
    assertThat(scrape()).contains("chat_shutdown_seconds 3.0\n");
  }

  @Test
  void buildAndVirtualMachineAreShown() throws Exception {
    metrics.buildInfo("0.1.0", "abc1234", "green");
    assertThat(scrape())
        .contains("chat_build_info{version=\"0.1.0\",revision=\"abc1234\",color=\"green\",java=\"")
        .contains("jvm_memory_bytes_used{", "process_open_fds ");
  }

  private String scrape() throws IOException, InterruptedException {
    Health health = new Health(() -> new Readiness(true, "ready"), "", "0.1.0", "");
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (AdminServer server = new AdminServer(free, registry, health)) {
      URI uri = URI.create("http://127.0.0.1:" + server.port() + "/metrics");
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
          .body();
    }
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
