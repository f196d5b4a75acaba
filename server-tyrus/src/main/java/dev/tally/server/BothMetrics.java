package dev.tally.server;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;

/** Tells two receivers of everything, the first one first. */
record BothMetrics(ChatMetrics first, ChatMetrics second) implements ChatMetrics {

  @Override
  public void bind(ChatStatistics statistics) {
    first.bind(statistics);
    second.bind(statistics);
  }

  @Override
  public void handshake(String result) {
    first.handshake(result);
    second.handshake(result);
  }

  @Override
  public void sessionOpened(Lease lease) {
    first.sessionOpened(lease);
    second.sessionOpened(lease);
  }

  @Override
  public void closed(int code) {
    first.closed(code);
    second.closed(code);
  }

  @Override
  public void received() {
    first.received();
    second.received();
  }

  @Override
  public void acknowledged(long nanos) {
    first.acknowledged(nanos);
    second.acknowledged(nanos);
  }

  @Override
  public void unacknowledged(long messages) {
    first.unacknowledged(messages);
    second.unacknowledged(messages);
  }

  @Override
  public void heartbeat(int connections) {
    first.heartbeat(connections);
    second.heartbeat(connections);
  }

  @Override
  public void committed(int sessions, long nanos) {
    first.committed(sessions, nanos);
    second.committed(sessions, nanos);
  }

  @Override
  public void logged(int messages, long bytes) {
    first.logged(messages, bytes);
    second.logged(messages, bytes);
  }

  @Override
  public void missingFromLog(long messages) {
    first.missingFromLog(messages);
    second.missingFromLog(messages);
  }

  @Override
  public void error(String kind) {
    first.error(kind);
    second.error(kind);
  }
}
