package dev.tally.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.event.KeyValuePair;

/**
 * Writes lines, from one thread. Logback's own appender hides what the stream throws: a full disk
 * would lose lines without a sign. How many lines were lost, here or in the queue, is a line of its
 * own, with the event {@code log_dropped}.
 */
final class StandardOutput extends UnsynchronizedAppenderBase<ILoggingEvent> {

  /** Else a reader that is too slow already would have twice as much to read. */
  private static final long REPORT_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final OutputStream out;
  private final Encoder<ILoggingEvent> encoder;
  private final LongSupplier dropped;
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong handled = new AtomicLong();
  private volatile boolean reportDue;

  // Of the writing thread alone.
  private long reported;
  private long reportedNanos = System.nanoTime() - REPORT_INTERVAL_NANOS;
  private boolean torn;

  /**
   * Makes one.
   *
   * @param out where lines go; not closed
   * @param encoder how they look
   * @param dropped lines that were lost before they came here
   */
  StandardOutput(OutputStream out, Encoder<ILoggingEvent> encoder, LongSupplier dropped) {
    this.out = out;
    this.encoder = encoder;
    this.dropped = dropped;
  }

  /** Lines that could not be written; any thread may ask. */
  long failed() {
    return failed.get();
  }

  /** Lines that were written, or could not be; any thread may ask. */
  long handled() {
    return handled.get();
  }

  /**
   * Has what was lost so far told of ahead of the next line, however short ago the last time.
   *
   * @param more lines that are lost, too
   */
  void reportLosses(long more) {
    failed.addAndGet(more);
    reportDue = true;
  }

  @Override
  protected void append(ILoggingEvent line) {
    try {
      report();
      if (!write(line)) {
        failed.incrementAndGet();
      }
    } finally {
      handled.incrementAndGet();
    }
  }

  private void report() {
    long lost = dropped.getAsLong() + failed.get();
    long now = System.nanoTime();
    if (lost == reported || !(reportDue || now - reportedNanos >= REPORT_INTERVAL_NANOS)) {
      return;
    }
    reportedNanos = now;
    if (write(loss(lost - reported))) {
      reported = lost;
      reportDue = false;
    }
  }

  private ILoggingEvent loss(long lines) {
    Logger logger = ((LoggerContext) getContext()).getLogger(StandardOutput.class);
    String message = "log lines were dropped: their reader is too slow, or the disk is full";
    LoggingEvent loss = new LoggingEvent("", logger, Level.WARN, message, null, null);
    loss.addKeyValuePair(new KeyValuePair("event", "log_dropped"));
    loss.addKeyValuePair(new KeyValuePair("lines", lines));
    return loss;
  }

  private boolean write(ILoggingEvent line) {
    try {
      if (torn) {
        // A part of the last one may have been written.
        out.write('\n');
        torn = false;
      }
      out.write(encoder.encode(line));
      return true;
    } catch (IOException e) {
      torn = true;
      return false;
    }
  }
}
