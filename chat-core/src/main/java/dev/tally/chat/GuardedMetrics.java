package dev.tally.chat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Lease;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;

/** Keeps a broken receiver of metrics from breaking chat: what it throws is logged once. */
final class GuardedMetrics implements ChatMetrics {

  private static final Logger LOGGER = System.getLogger(GuardedMetrics.class.getName());

  private final ChatMetrics delegate;
  private final AtomicBoolean complained = new AtomicBoolean();

  GuardedMetrics(ChatMetrics delegate) {
    this.delegate = delegate;
  }

  @Override
  public void bind(ChatStatistics statistics) {
    try {
      delegate.bind(statistics);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void handshake(String result) {
    try {
      delegate.handshake(result);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void sessionOpened(Lease lease) {
    try {
      delegate.sessionOpened(lease);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void closed(int code) {
    try {
      delegate.closed(code);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void received() {
    try {
      delegate.received();
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void acknowledged(long nanos) {
    try {
      delegate.acknowledged(nanos);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void unacknowledged(long messages) {
    try {
      delegate.unacknowledged(messages);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void heartbeat(int connections) {
    try {
      delegate.heartbeat(connections);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void committed(int sessions, long nanos) {
    try {
      delegate.committed(sessions, nanos);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void logged(int messages, long bytes) {
    try {
      delegate.logged(messages, bytes);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void missingFromLog(long messages) {
    try {
      delegate.missingFromLog(messages);
    } catch (Throwable e) {
      complain(e);
    }
  }

  @Override
  public void error(String kind) {
    try {
      delegate.error(kind);
    } catch (Throwable e) {
      complain(e);
    }
  }

  private void complain(Throwable e) {
    if (complained.compareAndSet(false, true)) {
      LOGGER.log(Level.ERROR, "metrics receiver failed; further failures are not logged", e);
    }
  }
}
