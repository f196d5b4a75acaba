package dev.tally.chat;

import dev.tally.chat.spi.ChatMetrics;
import java.util.concurrent.atomic.LongAdder;

/** What a drain reports of all sessions together. Safe for use by several threads. */
final class SessionCounts {

  private final ChatMetrics metrics;
  private final LongAdder superseded = new LongAdder();
  private final LongAdder unacknowledged = new LongAdder();

  SessionCounts(ChatMetrics metrics) {
    this.metrics = metrics;
  }

  /** An open connection lost its session to a newer one. */
  void countSuperseded() {
    superseded.increment();
  }

  /** Messages came in and will not be acknowledged on their connection. */
  void countUnacknowledged(long messages) {
    unacknowledged.add(messages);
    metrics.unacknowledged(messages);
  }

  long superseded() {
    return superseded.sum();
  }

  long unacknowledged() {
    return unacknowledged.sum();
  }
}
