package dev.tally.server.logging;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.concurrent.atomic.LongAdder;

/** Drops lines rather than holding a writer up, and counts what it dropped. */
final class NonBlockingAppender extends AsyncAppender {

  private final LongAdder dropped = new LongAdder();

  NonBlockingAppender() {
    setNeverBlock(true);
  }

  /** Lines that were not written; any thread may ask. */
  long dropped() {
    return dropped.sum();
  }

  /** Asked only once the queue is nearly full: what it calls discardable is gone. */
  @Override
  protected boolean isDiscardable(ILoggingEvent line) {
    boolean discardable = super.isDiscardable(line);
    if (discardable) {
      dropped.increment();
    }
    return discardable;
  }

  // Logback does not say whether its offer() succeeded. Writers that race for the last place may
  // lose a line uncounted; by then the count has long begun to rise.
  @Override
  protected void put(ILoggingEvent line) {
    if (getRemainingCapacity() == 0) {
      dropped.increment();
      return;
    }
    super.put(line);
  }
}
