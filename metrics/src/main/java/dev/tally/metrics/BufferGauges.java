package dev.tally.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;

/** The memory that clients make the process hold, by kind, and the limits on it. */
final class BufferGauges extends Collector {

  private record Buffer(String kind, long limit, LongSupplier used) {}

  private static final List<String> LABELS = List.of("kind");

  private final List<Buffer> buffers = new CopyOnWriteArrayList<>();

  void add(String kind, long limit, LongSupplier used) {
    buffers.add(new Buffer(kind, limit, used));
  }

  @Override
  public List<MetricFamilySamples> collect() {
    GaugeMetricFamily used =
        new GaugeMetricFamily(
            "buffered_bytes", "Bytes that clients make the process hold.", LABELS);
    GaugeMetricFamily limits =
        new GaugeMetricFamily("buffered_bytes_limit", "The limits on buffered_bytes.", LABELS);
    for (Buffer buffer : buffers) {
      used.addMetric(List.of(buffer.kind()), (double) buffer.used().getAsLong());
      limits.addMetric(List.of(buffer.kind()), (double) buffer.limit());
    }
    return List.of(used, limits);
  }
}
