package dev.tally.metrics;

import dev.tally.chat.spi.ChatStatistics;
import io.prometheus.client.Collector;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The statistics of the chat, read when a scrape asks for them. */
final class ChatGauges extends Collector {

  private volatile @Nullable ChatStatistics statistics;

  private volatile BooleanSupplier alsoNeeded = () -> true;

  void readyOnlyIf(BooleanSupplier condition) {
    alsoNeeded = condition;
  }

  void bind(ChatStatistics source) {
    statistics = source;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    ChatStatistics now = statistics;
    return now == null ? List.of() : read(now);
  }

  private List<MetricFamilySamples> read(ChatStatistics now) {
    boolean ready = now.ready() && alsoNeeded.getAsBoolean();
    return List.of(
        gauge("websocket_active_connections", "Open connections.", now.connections()),
        gauge("chat_ready", "1 if new clients are accepted.", ready ? 1 : 0),
        gauge("chat_draining", "1 once the drain began.", now.draining() ? 1 : 0),
        gauge(
            "session_store_up",
            "1 if the store answered its last health check.",
            now.storeUp() ? 1 : 0),
        gauge(
            "session_store_full",
            "1 if the store reports that it has no room.",
            now.storeFull() ? 1 : 0),
        gauge(
            "chat_pending_messages",
            "Messages not yet acknowledged.",
            (double) now.pendingMessages()),
        gauge(
            "chat_pending_bytes",
            "Bytes of --max-pending-bytes that these messages take: 64 each.",
            (double) now.pendingBytes()),
        new GaugeMetricFamily(
                "session_store_queue_depth", "Sessions that wait for the store.", List.of("queue"))
            .addMetric(List.of("open"), now.openQueueDepth())
            .addMetric(List.of("commit"), now.commitQueueDepth()));
  }

  private static MetricFamilySamples gauge(String name, String help, double value) {
    return new GaugeMetricFamily(name, help, value);
  }
}
