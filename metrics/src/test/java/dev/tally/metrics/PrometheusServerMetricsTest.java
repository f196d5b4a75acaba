package dev.tally.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.client.CollectorRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PrometheusServerMetricsTest {

  private long nanos;
  private final CollectorRegistry registry = new CollectorRegistry();
  private final PrometheusServerMetrics metrics =
      new PrometheusServerMetrics(registry, () -> nanos);

  @Test
  void valuesAreReadWhenScraped() throws Exception {
    metrics.connectionLimit(19_000);
    metrics.outboundBytes(() -> 512);
    metrics.buffer("replies", 4096, () -> 1024);
    metrics.drainLimit(Duration.ofSeconds(15));
    metrics.droppedLogLines(() -> 8);
    metrics.throttled(() -> 9);
    metrics.httpConnections(() -> 10);
    metrics.started(Duration.ofMillis(750));
    assertThat(Scrape.of(registry))
        .contains(
            "websocket_connection_limit 19000.0\n",
            "websocket_outbound_bytes 512.0\n",
            "websocket_throttled_total 9.0\n",
            "http_connections 10.0\n",
            "buffered_bytes{kind=\"replies\",} 1024.0\n",
            "buffered_bytes_limit{kind=\"replies\",} 4096.0\n",
            "chat_drain_limit_seconds 15.0\n",
            "log_dropped_lines_total 8.0\n",
            "chat_startup_seconds 0.75\n")
        .doesNotContain("in_memory");
  }

  @Test
  void sessionsInMemoryAreShownBesideTheirLimit() throws Exception {
    metrics.sessionsInMemory(() -> 41, 1000);
    assertThat(Scrape.of(registry))
        .contains("chat_sessions_in_memory 41.0\n", "chat_sessions_in_memory_limit 1000.0\n");
  }

  @Test
  void messageLogIsShownByPartitionAndGroup() throws Exception {
    metrics.messageLog(
        () -> Map.of("0", 7L),
        () -> Map.of("a \"quoted\"\nname", 3L),
        () -> Map.of("audit", 0.5),
        () -> Map.of("audit", 2L));
    assertThat(Scrape.of(registry))
        .contains(
            "message_log_entries{partition=\"0\",} 7.0\n",
            "message_log_lag{group=\"a \\\"quoted\\\"\\nname\",} 3.0\n",
            "message_log_lag_ratio{group=\"audit\",} 0.5\n",
            "message_log_unacknowledged{group=\"audit\",} 2.0\n");
  }

  @Test
  void shutdownTimeMovesFromTheDrainsBeginning() throws Exception {
    nanos += TimeUnit.SECONDS.toNanos(100);
    assertThat(Scrape.of(registry)).contains("chat_shutdown_seconds 0.0\n");
    metrics.drainStarted();
    nanos += TimeUnit.MILLISECONDS.toNanos(2_500);
    assertThat(Scrape.of(registry)).contains("chat_shutdown_seconds 2.5\n");
    nanos += TimeUnit.MILLISECONDS.toNanos(500);
    assertThat(Scrape.of(registry)).contains("chat_shutdown_seconds 3.0\n");
  }

  @Test
  void buildAndVirtualMachineAreShown() throws Exception {
    metrics.buildInfo("0.1.0", "abc1234", "green");
    assertThat(Scrape.of(registry))
        .contains("chat_build_info{version=\"0.1.0\",revision=\"abc1234\",color=\"green\",java=\"")
        .contains("jvm_memory_bytes_used{", "process_open_fds ");
  }
}
