package dev.tally.metrics;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * What happens in the chat, as Prometheus metrics in base units (seconds, bytes). Gauges are read
 * when a scrape asks for them, so they cost nothing between scrapes. {@link
 * PrometheusServerMetrics} has the process around the chat.
 *
 * <p>Make one instance for each registry. Safe for use by several threads.
 */
public final class PrometheusChatMetrics implements ChatMetrics {

  private static final double NANOS_PER_SECOND = 1e9;

  /** All values of the label {@code result}. */
  private static final List<String> HANDSHAKES =
      List.of(
          "accepted",
          "bad_request",
          "bad_session_id",
          "draining",
          "evicted",
          "forbidden_origin",
          "full",
          "keys_unavailable",
          "not_found",
          "timeout",
          "too_large",
          "too_many_from_address",
          "too_many_handshakes",
          "too_many_sessions",
          "unauthorized",
          "wrong_host",
          "wrong_version");

  /** All values of the label {@code kind}. */
  private static final List<String> ERRORS =
      List.of(
          "buffers_full",
          "dead_peer",
          "endpoint",
          "internal",
          "invalid_utf8",
          "listener",
          "message_log",
          "message_timeout",
          "protocol",
          "rate_limited",
          "slow_consumer",
          "store_entry",
          "store_full",
          "store_unavailable",
          "too_big",
          "unsupported_data");

  /** Fine below 1 ms, for replies and commits without a round trip over a network. */
  private static final double[] SECONDS = {
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3,
    1, 2.5, 5, 10
  };

  /** From a move between two servers to an hour, the default time to live of a session. */
  private static final double[] GAP_SECONDS = {
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600
  };

  private static final double[] BATCH_SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

  private final ChatGauges gauges;
  private final Counter messages;
  private final Counter acknowledged;
  private final Counter unacknowledged;
  private final Counter errors;
  private final Counter handshakes;
  private final Counter heartbeats;
  private final Counter loggedMessages;
  private final Counter loggedBytes;
  private final Counter missingFromLog;

  // Children are looked up once, not for each event: the lookup allocates.
  private final Counter.Child newSessions;
  private final Counter.Child resumedSessions;
  private final Counter.Child otherCloses;
  private final Map<Integer, Counter.Child> closes = new HashMap<>();
  private final Histogram acknowledgeTime;
  private final Histogram commitTime;
  private final Histogram batchSize;
  private final Histogram resumeGap;

  /**
   * Registers every metric of the chat.
   *
   * @param registry where the metrics go
   * @throws IllegalArgumentException if the registry has them already
   */
  public PrometheusChatMetrics(CollectorRegistry registry) {
    gauges = new ChatGauges().register(registry);
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
    loggedMessages =
        Counter.build("message_log_messages_total", "Messages added to the message log.")
            .register(registry);
    loggedBytes =
        Counter.build("message_log_bytes_total", "Bytes of the texts added to the message log.")
            .register(registry);
    missingFromLog =
        Counter.build(
                "message_log_missing_total", "Counted messages that the log says are missing.")
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
    // Every series exists from the start: an alert on the rate of a series that appears with its
    // first error would miss that error.
    HANDSHAKES.forEach(handshakes::labels);
    ERRORS.forEach(errors::labels);
    // Clients may send any code from 3000 to 4999. With a label value for each of them a client
    // could make the process hold 2,000 series.
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
  }

  /**
   * Makes the server around the chat a part of {@code chat_ready}.
   *
   * @param condition without it the chat is not ready; cheap, and safe on any thread
   */
  public void readyOnlyIf(BooleanSupplier condition) {
    gauges.readyOnlyIf(condition);
  }

  @Override
  public void bind(ChatStatistics statistics) {
    gauges.bind(statistics);
  }

  @Override
  public void handshake(String result) {
    handshakes.labels(result).inc();
  }

  @Override
  public void sessionOpened(Lease lease) {
    (lease.resumed() ? resumedSessions : newSessions).inc();
    lease.awayFor().ifPresent(gap -> resumeGap.observe(gap.toNanos() / NANOS_PER_SECOND));
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
  public void logged(int messages, long bytes) {
    loggedMessages.inc(messages);
    loggedBytes.inc((double) bytes);
  }

  @Override
  public void missingFromLog(long messages) {
    missingFromLog.inc((double) messages);
  }

  @Override
  public void error(String kind) {
    errors.labels(kind).inc();
  }
}
