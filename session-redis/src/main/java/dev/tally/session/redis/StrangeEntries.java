package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What stands under a session's key and is no session that our scripts wrote: counted each time it
 * is met, and logged once. Safe for use by several threads.
 */
final class StrangeEntries {

  private static final Logger LOGGER = System.getLogger(StrangeEntries.class.getName());

  /** Of more than these only the metric tells. */
  private static final int MOST_LOGGED = 1000;

  private final ChatMetrics metrics;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  StrangeEntries(ChatMetrics metrics) {
    this.metrics = metrics;
  }

  /** Takes note of one, and of what was done about it. */
  void met(SessionId id, String done) {
    metrics.error("store_entry");
    String session = id.hash();
    if (logged.size() < MOST_LOGGED && logged.add(session)) {
      LOGGER.log(
          Level.WARNING, "what Redis holds for session {0} is no session: {1}", session, done);
    }
  }
}
