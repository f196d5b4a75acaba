package dev.tally.metrics;

import dev.tally.chat.MonotonicClock;
import dev.tally.chat.spi.ChatStatistics;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is read from where their values live at the moment of the scrape: the gauges, and one
 * counter.
 */
final class ChatGauges extends Collector {

  volatile @Nullable ChatStatistics statistics;
  volatile LongSupplier outboundBytes = () -> 0;
  volatile LongSupplier httpConnections = () -> 0;
  volatile LongSupplier evictedAdminConnections = () -> 0;
  volatile LongSupplier refusedAdminRequests = () -> 0;
  volatile LongSupplier throttled = () -> 0;
  volatile LongSupplier droppedLogLines = () -> 0;
  volatile int connectionLimit;
  volatile double drainLimitSeconds;
  volatile double startupSeconds;
  private final MonotonicClock time;
  private volatile @Nullable Long drainStartMillis;

  ChatGauges(MonotonicClock time) {
    this.time = time;
  }

  void drainStarted() {
    drainStartMillis = time.millis();
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(
        gauge("websocket_connection_limit", "Connections let in at once.", connectionLimit));
    families.add(
        gauge(
            "websocket_outbound_bytes",
            "Bytes that wait to be written to sockets.",
            (double) outboundBytes.getAsLong()));
    families.add(
        gauge(
            "http_connections",
            "Sockets that are no WebSocket: handshakes and plain HTTP.",
            (double) httpConnections.getAsLong()));
    families.add(
        gauge("chat_startup_seconds", "Time from start until ready; 0 before.", startupSeconds));
    families.add(
        gauge("chat_shutdown_seconds", "Time since the drain began; 0 before.", shutdownSeconds()));
    families.add(
        gauge("chat_drain_limit_seconds", "The longest that a drain may take.", drainLimitSeconds));
    families.add(
        new CounterMetricFamily(
            "websocket_throttled",
            "Pauses in reading from clients that were ahead of the message rate.",
            (double) throttled.getAsLong()));
    families.add(
        new CounterMetricFamily(
            "log_dropped_lines",
            "Log lines dropped: their reader was slow, or the disk full.",
            (double) droppedLogLines.getAsLong()));
    families.add(
        new CounterMetricFamily(
            "admin_evicted_connections",
            "Connections to the admin port that were ended to make room for others.",
            (double) evictedAdminConnections.getAsLong()));
    families.add(
        new CounterMetricFamily(
            "admin_refused_requests",
            "Requests to the admin port that were refused, or did not come in whole in time.",
            (double) refusedAdminRequests.getAsLong()));
    ChatStatistics now = statistics;
    if (now != null) {
      addStatistics(families, now);
    }
    return families;
  }

  private static void addStatistics(List<MetricFamilySamples> families, ChatStatistics now) {
    families.add(gauge("websocket_active_connections", "Open connections.", now.connections()));
    families.add(gauge("chat_ready", "1 if new clients are welcome.", now.ready() ? 1 : 0));
    families.add(gauge("chat_draining", "1 once the drain began.", now.draining() ? 1 : 0));
    families.add(
        gauge(
            "session_store_up",
            "1 if the store answered its last health check.",
            now.storeUp() ? 1 : 0));
    families.add(
        gauge(
            "session_store_full",
            "1 if the store answered its last health check that it has no room.",
            now.storeFull() ? 1 : 0));
    families.add(
        gauge(
            "chat_pending_messages",
            "Messages not yet acknowledged.",
            (double) now.pendingMessages()));
    families.add(
        gauge(
            "chat_pending_bytes",
            "What these messages take of their budget: 64 bytes each.",
            (double) now.pendingBytes()));
    families.add(
        new GaugeMetricFamily(
                "session_store_queue_depth", "Sessions that wait for the store.", List.of("queue"))
            .addMetric(List.of("open"), now.openQueueDepth())
            .addMetric(List.of("commit"), now.commitQueueDepth()));
  }

  private double shutdownSeconds() {
    Long start = drainStartMillis;
    return start == null ? 0 : (time.millis() - start) / 1000.0;
  }

  private static MetricFamilySamples gauge(String name, String help, double value) {
    return new GaugeMetricFamily(name, help, value);
  }
}
