package dev.tally.chat;

import dev.tally.chat.spi.ChatMetrics;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counters over all sessions since the start of the hub; a drain reports by how much they grew.
 * Safe for use by several threads.
 */
final class DrainCounters {

  private final ChatMetrics metrics;
  private final LongAdder superseded = new LongAdder();
  private final LongAdder unacknowledged = new LongAdder();

  DrainCounters(ChatMetrics metrics) {
    this.metrics = metrics;
  }

  /** A newer connection took over the session of an open one. */
  void countSuperseded() {
    superseded.increment();
  }

  /** Messages were received that will not be acknowledged on their connection. */
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
