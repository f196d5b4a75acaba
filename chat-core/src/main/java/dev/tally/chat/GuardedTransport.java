package dev.tally.chat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.Transport;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Keeps a transport that throws, which its contract forbids, from breaking the chat of other
 * clients: they are served by the same threads. Its own client has missed a frame, so its
 * connection is closed with 1011, and its next welcome says what was counted.
 */
final class GuardedTransport implements Transport {

  private static final Logger LOGGER = System.getLogger(GuardedTransport.class.getName());

  private final Transport delegate;
  private final ChatMetrics metrics;

  GuardedTransport(Transport delegate, ChatMetrics metrics) {
    this.delegate = delegate;
    this.metrics = metrics;
  }

  @Override
  public void send(Reply reply) {
    try {
      delegate.send(reply);
    } catch (Throwable e) {
      complain(e);
      close(CloseCode.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR.reason());
    }
  }

  @Override
  public void close(CloseCode code, String reason) {
    try {
      delegate.close(code, reason);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void opened(Lease lease) {
    try {
      delegate.opened(lease);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void closed(int code, OptionalLong count, Duration duration) {
    try {
      delegate.closed(code, count, duration);
    } catch (Throwable e) {
      complain(e);
    }
  }

  private void complain(Throwable e) {
    metrics.error("internal");
    LOGGER.log(Level.ERROR, "a transport threw", e);
  }
}
