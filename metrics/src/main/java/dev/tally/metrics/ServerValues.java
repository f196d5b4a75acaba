package dev.tally.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Metrics whose values other parts of the server keep: each is read when a scrape asks for it, so
 * it costs nothing between scrapes. Safe for use by several threads.
 */
final class ServerValues extends Collector {

  private interface Value {
    MetricFamilySamples read();
  }

  private final List<Value> values = new CopyOnWriteArrayList<>();

  void addGauge(String name, String help, DoubleSupplier value) {
    values.add(() -> new GaugeMetricFamily(name, help, value.getAsDouble()));
  }

  void addGauge(String name, String help, LongSupplier value) {
    addGauge(name, help, () -> (double) value.getAsLong());
  }

  /** Adds a gauge with one label; its values are the keys of the map. */
  void addGauge(
      String name,
      String help,
      String label,
      Supplier<? extends Map<String, ? extends Number>> value) {
    values.add(
        () -> {
          GaugeMetricFamily family = new GaugeMetricFamily(name, help, List.of(label));
          value
              .get()
              .forEach((key, number) -> family.addMetric(List.of(key), number.doubleValue()));
          return family;
        });
  }

  /** Adds a counter; in the text format its name ends in {@code _total}. */
  void addCounter(String name, String help, LongSupplier value) {
    values.add(() -> new CounterMetricFamily(name, help, (double) value.getAsLong()));
  }

  @Override
  public List<MetricFamilySamples> collect() {
    return values.stream().map(Value::read).toList();
  }
}
