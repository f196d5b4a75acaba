package dev.tally.metrics;

import dev.tally.chat.CloseCode;
import dev.tally.chat.MonotonicClock;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.hotspot.DefaultExports;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What happens in the chat, as Prometheus metrics in base units (seconds, bytes). Gauges are read
 * when they are scraped, so nothing is paid for them between scrapes.
 *
 * <p>Safe for use by several threads. One registry takes one instance: a second one throws {@link
 * IllegalArgumentException}.
 */
public final class PrometheusChatMetrics implements ChatMetrics {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final List<String> HANDSHAKES =
      List.of(
          "accepted",
          "bad_request",
          "bad_session_id",
          "draining",
          "evicted",
          "forbidden_origin",
          "full",
          "not_found",
          "timeout",
          "too_large",
          "too_many_from_address",
          "wrong_host",
          "wrong_version");
  private static final List<String> ERRORS =
      List.of(
          "buffers_full",
          "dead_peer",
          "endpoint",
          "internal",
          "invalid_utf8",
          "listener",
          "message_timeout",
          "protocol",
          "rate_limited",
          "slow_consumer",
          "store_entry",
          "store_full",
          "store_unavailable",
          "too_big",
          "unsupported_data");
  private static final double[] SECONDS = {
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
    1, 2.5, 5, 10
  };
  private static final double[] GAP_SECONDS = {
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600
  };
  private static final double[] BATCH_SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

  private final ChatGauges gauges;
  private final BufferGauges buffers;
  private final CollectorRegistry registry;
  private final Counter messages;
  private final Counter acknowledged;
  private final Counter unacknowledged;
  private final Counter errors;
  private final Counter handshakes;
  private final Counter heartbeats;
  private final Counter.Child newSessions;
  private final Counter.Child resumedSessions;
  private final Counter.Child otherCloses;
  private final Map<Integer, Counter.Child> closes = new HashMap<>();
  private final Histogram acknowledgeTime;
  private final Histogram commitTime;
  private final Histogram batchSize;
  private final Histogram resumeGap;

  /**
   * Registers every metric of the chat, and the JVM's.
   *
   * @param registry where they go
   * @param time measures how long a drain has taken so far
   */
  public PrometheusChatMetrics(CollectorRegistry registry, MonotonicClock time) {
    this.registry = registry;
    gauges = new ChatGauges(time).register(registry);
    buffers = new BufferGauges().register(registry);
    messages =
        Counter.build("websocket_messages_total", "Text messages received.").register(registry);
    acknowledged =
        Counter.build("chat_acknowledged_total", "Replies whose count was stored.")
            .register(registry);
    unacknowledged =
        Counter.build("chat_unacknowledged_total", "Messages without a reply on their connection.")
            .register(registry);
    errors =
        Counter.build("websocket_errors_total", "Errors by kind.")
            .labelNames("kind")
            .register(registry);
    handshakes =
        Counter.build("websocket_handshakes_total", "Handshakes by result.")
            .labelNames("result")
            .register(registry);
    heartbeats =
        Counter.build("chat_heartbeats_total", "Heartbeats sent, one per connection and round.")
            .register(registry);
    Counter sessions =
        Counter.build("chat_sessions_total", "Sessions opened by connections.")
            .labelNames("kind")
            .register(registry);
    newSessions = sessions.labels("new");
    resumedSessions = sessions.labels("resumed");
    Counter closed =
        Counter.build("websocket_closes_total", "Connections ended, by status code.")
            .labelNames("code")
            .register(registry);
    // So that every series is there from the start: a query that finds none alarms nobody.
    HANDSHAKES.forEach(handshakes::labels);
    ERRORS.forEach(errors::labels);
    // Clients choose their own codes from 3000 to 4999: one label value each would have no bound.
    otherCloses = closed.labels("other");
    Arrays.stream(CloseCode.values())
        .forEach(code -> closes.put(code.code(), closed.labels(Integer.toString(code.code()))));
    acknowledgeTime =
        Histogram.build("chat_ack_seconds", "Time from a message's receipt to its stored reply.")
            .buckets(SECONDS)
            .register(registry);
    commitTime =
        Histogram.build("session_store_commit_seconds", "Round trip of a batch of commits.")
            .buckets(SECONDS)
            .register(registry);
    batchSize =
        Histogram.build("session_store_batch_size", "Sessions in a batch of commits.")
            .buckets(BATCH_SIZES)
            .register(registry);
    resumeGap =
        Histogram.build("chat_resume_gap_seconds", "Time a session was without a connection.")
            .buckets(GAP_SECONDS)
            .register(registry);
    DefaultExports.register(registry);
  }

  /**
   * Says what runs here, as labels of {@code chat_build_info}. Call at most once.
   *
   * @param version the release
   * @param revision the commit that it was built from
   * @param color the side of a blue-green pair; empty if there is none
   */
  public void buildInfo(String version, String revision, String color) {
    Gauge.build("chat_build_info", "What runs here; always 1.")
        .labelNames("version", "revision", "color", "java")
        .register(registry)
        .labels(version, revision, color, System.getProperty("java.version", "unknown"))
        .set(1);
  }

  /**
   * Sets {@code websocket_connection_limit}.
   *
   * @param connections how many are let in at once
   */
  public void connectionLimit(int connections) {
    gauges.connectionLimit = connections;
  }

  /**
   * Sets {@code chat_drain_limit_seconds}.
   *
   * @param time the longest that a drain may take, the delay before it included
   */
  public void drainLimit(Duration time) {
    gauges.drainLimitSeconds = time.toNanos() / NANOS_PER_SECOND;
  }

  /**
   * Offers {@code log_dropped_lines_total}.
   *
   * @param lines how many were dropped since the start; called at every scrape
   */
  public void droppedLogLines(LongSupplier lines) {
    gauges.droppedLogLines = lines;
  }

  /**
   * Offers {@code websocket_outbound_bytes}.
   *
   * @param bytes how many wait to be written to sockets; called at every scrape
   */
  public void outboundBytes(LongSupplier bytes) {
    gauges.outboundBytes = bytes;
  }

  /**
   * Offers {@code websocket_throttled_total}.
   *
   * @param pauses how often a client was not read from for a while; called at every scrape
   */
  public void throttled(LongSupplier pauses) {
    gauges.throttled = pauses;
  }

  /**
   * Adds one kind to {@code buffered_bytes} and {@code buffered_bytes_limit}.
   *
   * @param kind what the bytes are; a label
   * @param limit the bound on them
   * @param used how many are held now; called at every scrape
   */
  public void buffer(String kind, long limit, LongSupplier used) {
    buffers.add(kind, limit, used);
  }

  /**
   * Offers {@code admin_evicted_connections_total}.
   *
   * @param connections how many the admin port has ended for others; called at every scrape
   */
  public void evictedAdminConnections(LongSupplier connections) {
    gauges.evictedAdminConnections = connections;
  }

  /**
   * Offers {@code admin_refused_requests_total}.
   *
   * @param requests how many the admin port has refused; called at every scrape
   */
  public void refusedAdminRequests(LongSupplier requests) {
    gauges.refusedAdminRequests = requests;
  }

  /**
   * Offers {@code http_connections}.
   *
   * @param connections how many sockets are no WebSocket; called at every scrape
   */
  public void httpConnections(LongSupplier connections) {
    gauges.httpConnections = connections;
  }

  /**
   * Sets {@code chat_startup_seconds}.
   *
   * @param time from the process's start until it was ready
   */
  public void started(Duration time) {
    gauges.startupSeconds = time.toNanos() / NANOS_PER_SECOND;
  }

  /** Lets {@code chat_shutdown_seconds} run from 0, from now on. */
  public void drainStarted() {
    gauges.drainStarted();
  }

  @Override
  public void bind(ChatStatistics statistics) {
    gauges.statistics = statistics;
  }

  @Override
  public void handshake(String result) {
    handshakes.labels(result).inc();
  }

  @Override
  public void sessionOpened(Lease lease) {
    (lease.resumed() ? resumedSessions : newSessions).inc();
    lease.gap().ifPresent(gap -> resumeGap.observe(gap.toNanos() / NANOS_PER_SECOND));
  }

  @Override
  public void closed(int code) {
    closes.getOrDefault(code, otherCloses).inc();
  }

  @Override
  public void received() {
    messages.inc();
  }

  @Override
  public void acknowledged(long nanos) {
    acknowledged.inc();
    acknowledgeTime.observe(nanos / NANOS_PER_SECOND);
  }

  @Override
  public void unacknowledged(long messages) {
    unacknowledged.inc((double) messages);
  }

  @Override
  public void heartbeat(int connections) {
    heartbeats.inc(connections);
  }

  @Override
  public void committed(int sessions, long nanos) {
    batchSize.observe(sessions);
    commitTime.observe(nanos / NANOS_PER_SECOND);
  }

  @Override
  public void error(String kind) {
    errors.labels(kind).inc();
  }
}
