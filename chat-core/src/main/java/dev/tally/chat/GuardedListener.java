package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Keeps a listener that throws from breaking chat: what it throws is counted and logged. */
record GuardedListener(MessageListener listener, ChatMetrics metrics) implements MessageListener {

  private static final Logger LOGGER = System.getLogger(GuardedListener.class.getName());

  /** Whether there is a listener. If not, the text of messages need not be kept. */
  boolean listens() {
    return listener != MessageListener.NONE;
  }

  @Override
  public void onCounted(SessionId session, long number, String text) {
    try {
      listener.onCounted(session, number, text);
    } catch (Throwable e) {
      metrics.error("listener");
      LOGGER.log(Level.ERROR, "the message listener threw", e);
    }
  }
}
