package dev.tally.server;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * What became of all sessions and messages since the start, for the log event {@code stop}, from
 * which a promotion makes its ledger.
 */
final class SessionTotals implements ChatMetrics {

  // Several selector threads add for every message; an AtomicLong would be contended.
  private final LongAdder received = new LongAdder();
  private final LongAdder acknowledged = new LongAdder();
  private final LongAdder unacknowledged = new LongAdder();
  private final LongAdder closed = new LongAdder();
  private final LongAdder resumed = new LongAdder();
  private final LongAdder fresh = new LongAdder();

  /** Adds the totals so far to a log line. */
  LoggingEventBuilder addTo(LoggingEventBuilder line) {
    return line.addKeyValue("received", received.sum())
        .addKeyValue("acknowledged", acknowledged.sum())
        .addKeyValue("unacknowledged", unacknowledged.sum())
        .addKeyValue("closed", closed.sum())
        .addKeyValue("resumed", resumed.sum())
        .addKeyValue("new", fresh.sum());
  }

  @Override
  public void sessionOpened(Lease lease) {
    (lease.resumed() ? resumed : fresh).increment();
  }

  @Override
  public void closed(int code) {
    closed.increment();
  }

  @Override
  public void received() {
    received.increment();
  }

  @Override
  public void acknowledged(long nanos) {
    acknowledged.increment();
  }

  @Override
  public void unacknowledged(long messages) {
    unacknowledged.add(messages);
  }
}
