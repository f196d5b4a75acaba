package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** A listener that may throw without harm: it is logged and counted. */
record GuardedListener(MessageListener listener, ChatMetrics metrics) implements MessageListener {

  private static final Logger LOGGER = System.getLogger(GuardedListener.class.getName());

  /** Whether anybody listens; if not, no message's text has to be kept. */
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
