package dev.tally.metrics;

import dev.tally.chat.spi.MonotonicClock;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Gauge;
import io.prometheus.client.hotspot.DefaultExports;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The process in which the chat runs, as Prometheus metrics: its limits and buffers, its start and
 * its drain, its other ports and logs, and the JVM. {@link PrometheusChatMetrics} has what happens
 * in the chat.
 *
 * <p>A metric appears once its method has been called; call each at most once, {@link #buffer} once
 * for each kind. Suppliers are called for every scrape, by the scrape's thread; they must be safe
 * for use by several threads and must not block. Make one instance for each registry. Safe for use
 * by several threads.
 */
public final class PrometheusServerMetrics {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final double MILLIS_PER_SECOND = 1e3;

  private final CollectorRegistry registry;
  private final ServerValues values;
  private final BufferGauges buffers;
  private final MonotonicClock time;
  private volatile double startupSeconds;
  private volatile @Nullable Long drainStartMillis;

  /**
   * Registers the metrics of start and drain, and the JVM's.
   *
   * @param registry where the metrics go
   * @param time measures how long a drain has taken so far
   */
  public PrometheusServerMetrics(CollectorRegistry registry, MonotonicClock time) {
    this.registry = registry;
    this.time = time;
    values = new ServerValues().register(registry);
    buffers = new BufferGauges().register(registry);
    values.addGauge(
        "chat_startup_seconds", "Time from start until ready; 0 before.", () -> startupSeconds);
    values.addGauge(
        "chat_shutdown_seconds", "Time since the drain began; 0 before.", this::shutdownSeconds);
    DefaultExports.register(registry);
  }

  private double shutdownSeconds() {
    Long start = drainStartMillis;
    return start == null ? 0 : (time.millis() - start) / MILLIS_PER_SECOND;
  }

  /**
   * Adds {@code chat_build_info}.
   *
   * @param version the release
   * @param revision the commit from which it was built
   * @param color the side of a blue-green pair; empty if there is none
   */
  public void buildInfo(String version, String revision, String color) {
    Gauge.build("chat_build_info", "The running release; always 1.")
        .labelNames("version", "revision", "color", "java")
        .register(registry)
        .labels(version, revision, color, System.getProperty("java.version", "unknown"))
        .set(1);
  }

  /**
   * Adds {@code websocket_connection_limit}.
   *
   * @param connections the maximum number of connections at a time
   */
  public void connectionLimit(int connections) {
    values.addGauge(
        "websocket_connection_limit", "Maximum number of connections.", () -> connections);
  }

  /**
   * Adds {@code chat_drain_limit_seconds}.
   *
   * @param limit the maximum time of a drain, with the delay before it
   */
  public void drainLimit(Duration limit) {
    double seconds = limit.toNanos() / NANOS_PER_SECOND;
    values.addGauge("chat_drain_limit_seconds", "Maximum time of a drain.", () -> seconds);
  }

  /**
   * Adds {@code chat_sessions_in_memory} and {@code chat_sessions_in_memory_limit}: for a server
   * that keeps its sessions in its own memory.
   *
   * @param sessions how many sessions are kept
   * @param limit the maximum number of them
   */
  public void sessionsInMemory(LongSupplier sessions, int limit) {
    values.addGauge(
        "chat_sessions_in_memory", "Sessions that the in-memory store keeps.", sessions);
    values.addGauge(
        "chat_sessions_in_memory_limit",
        "Maximum number of sessions that the in-memory store keeps.",
        () -> limit);
  }

  /**
   * Adds {@code message_log_entries}, {@code message_log_lag}, {@code message_log_lag_ratio} and
   * {@code message_log_unacknowledged}: for a server with a message log.
   *
   * @param entries how many entries each partition has
   * @param lag how many entries were not yet delivered to each consumer group
   * @param lagRatio for each group, the same as a part of the length that a partition is cut to
   * @param unacknowledged how many entries each group did not acknowledge yet
   */
  public void messageLog(
      Supplier<Map<String, Long>> entries,
      Supplier<Map<String, Long>> lag,
      Supplier<Map<String, Double>> lagRatio,
      Supplier<Map<String, Long>> unacknowledged) {
    values.addGauge("message_log_entries", "Entries of the message log.", "partition", entries);
    values.addGauge(
        "message_log_lag", "Entries that were not yet delivered to the group.", "group", lag);
    values.addGauge(
        "message_log_lag_ratio",
        "The largest lag of the group in a partition, as a part of --message-log-length.",
        "group",
        lagRatio);
    values.addGauge(
        "message_log_unacknowledged",
        "Entries that were delivered to the group and not yet acknowledged.",
        "group",
        unacknowledged);
  }

  /**
   * Adds one kind to {@code buffered_bytes} and {@code buffered_bytes_limit}.
   *
   * @param kind what the bytes are, as the value of the label {@code kind}
   * @param limit the maximum number of bytes
   * @param used how many bytes are held
   */
  public void buffer(String kind, long limit, LongSupplier used) {
    buffers.add(kind, limit, used);
  }

  /**
   * Adds {@code websocket_outbound_bytes}.
   *
   * @param bytes how many bytes wait to be written to sockets
   */
  public void outboundBytes(LongSupplier bytes) {
    values.addGauge("websocket_outbound_bytes", "Bytes that wait to be written to sockets.", bytes);
  }

  /**
   * Adds {@code websocket_throttled_total}.
   *
   * @param pauses how often the server stopped reading from a client above the message rate
   */
  public void throttled(LongSupplier pauses) {
    values.addCounter(
        "websocket_throttled",
        "Pauses in reading from clients that were above the message rate.",
        pauses);
  }

  /**
   * Adds {@code http_connections}.
   *
   * @param connections how many sockets of the main port are not WebSockets
   */
  public void httpConnections(LongSupplier connections) {
    values.addGauge(
        "http_connections",
        "Sockets that are not WebSockets: handshakes and plain HTTP.",
        connections);
  }

  /**
   * Adds {@code admin_evicted_connections_total} and {@code admin_refused_requests_total}.
   *
   * @param admin the admin port
   */
  public void adminPort(AdminServer admin) {
    values.addCounter(
        "admin_evicted_connections",
        "Connections to the admin port that were ended to make room for others.",
        admin::evictedConnections);
    values.addCounter(
        "admin_refused_requests",
        "Requests to the admin port that were refused, or did not arrive completely in time.",
        admin::refusedRequests);
  }

  /**
   * Adds {@code log_dropped_lines_total}.
   *
   * @param lines how many lines were dropped since the start
   */
  public void droppedLogLines(LongSupplier lines) {
    values.addCounter(
        "log_dropped_lines",
        "Log lines that were dropped: their reader was slow, or the disk full.",
        lines);
  }

  /**
   * Sets {@code chat_startup_seconds}.
   *
   * @param startup the time from the process's start until it was ready
   */
  public void started(Duration startup) {
    startupSeconds = startup.toNanos() / NANOS_PER_SECOND;
  }

  /** Starts {@code chat_shutdown_seconds}, which is 0 before. */
  public void drainStarted() {
    drainStartMillis = time.millis();
  }
}
