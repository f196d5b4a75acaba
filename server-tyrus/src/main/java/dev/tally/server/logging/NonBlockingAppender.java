package dev.tally.server.logging;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** Drops lines rather than holding a writer up, and counts what it dropped. */
final class NonBlockingAppender extends AsyncAppender {

  private final LongAdder dropped = new LongAdder();
  private final LongAdder queued = new LongAdder();

  private final Consumer<Throwable> thrown;

  /**
   * Makes one.
   *
   * @param thrown told of what was thrown where a line has that
   */
  NonBlockingAppender(Consumer<Throwable> thrown) {
    this.thrown = thrown;
    setNeverBlock(true);
  }

  @Override
  protected void append(ILoggingEvent line) {
    if (line.getThrowableProxy() instanceof ThrowableProxy proxy) {
      thrown.accept(proxy.getThrowable());
    }
    super.append(line);
  }

  /** Lines that were dropped; any thread may ask. */
  long dropped() {
    return dropped.sum();
  }

  /** Lines that were put into the queue; any thread may ask. */
  long queued() {
    return queued.sum();
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

  // Logback does not say whether its offer() succeeded. Of writers that race for the last place one
  // may lose its line and have it counted as queued: it is missed when all that was queued is
  // awaited, and until then the count of dropped lines has long begun to rise.
  @Override
  protected void put(ILoggingEvent line) {
    if (getRemainingCapacity() == 0) {
      dropped.increment();
      return;
    }
    queued.increment();
    super.put(line);
  }
}
