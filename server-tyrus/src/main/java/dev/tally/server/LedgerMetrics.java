package dev.tally.server;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Keeps the process's ledger for the log, and passes everything on. */
final class LedgerMetrics implements ChatMetrics {

  private static final Logger LOGGER = LoggerFactory.getLogger(LedgerMetrics.class);

  private final ChatMetrics next;
  private final LongAdder received = new LongAdder();
  private final LongAdder acknowledged = new LongAdder();
  private final LongAdder unacknowledged = new LongAdder();
  private final LongAdder closed = new LongAdder();
  private final LongAdder resumed = new LongAdder();
  private final LongAdder fresh = new LongAdder();

  LedgerMetrics(ChatMetrics next) {
    this.next = next;
  }

  /** Adds the ledger so far. */
  LoggingEventBuilder addTo(LoggingEventBuilder line) {
    return line.addKeyValue("received", received.sum())
        .addKeyValue("acknowledged", acknowledged.sum())
        .addKeyValue("unacknowledged", unacknowledged.sum())
        .addKeyValue("closed", closed.sum())
        .addKeyValue("resumed", resumed.sum())
        .addKeyValue("new", fresh.sum());
  }

  @Override
  public void bind(ChatStatistics statistics) {
    next.bind(statistics);
  }

  @Override
  public void handshake(String result) {
    next.handshake(result);
  }

  @Override
  public void sessionOpened(Lease lease) {
    (lease.resumed() ? resumed : fresh).increment();
    next.sessionOpened(lease);
  }

  @Override
  public void closed(int code) {
    closed.increment();
    next.closed(code);
  }

  @Override
  public void received() {
    received.increment();
    next.received();
  }

  @Override
  public void acknowledged(long nanos) {
    acknowledged.increment();
    next.acknowledged(nanos);
  }

  @Override
  public void unacknowledged(long messages) {
    unacknowledged.add(messages);
    next.unacknowledged(messages);
  }

  @Override
  public void heartbeat(int connections) {
    LOGGER
        .atInfo()
        .addKeyValue("event", "heartbeat")
        .addKeyValue("sent", connections)
        .log("heartbeat");
    next.heartbeat(connections);
  }

  @Override
  public void committed(int sessions, long nanos) {
    next.committed(sessions, nanos);
  }

  @Override
  public void error(String kind) {
    next.error(kind);
  }
}
