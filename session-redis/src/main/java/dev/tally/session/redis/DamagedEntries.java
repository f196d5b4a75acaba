package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reports entries of Redis that have a session's key but are not a session as our scripts write it:
 * counts each encounter, and logs each session once. Safe for use by several threads.
 */
final class DamagedEntries {

  private static final Logger LOGGER = System.getLogger(DamagedEntries.class.getName());

  /** A bound on the set below. With more damaged sessions than these, only the metric tells. */
  private static final int MAX_LOGGED = 1000;

  private final ChatMetrics metrics;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  DamagedEntries(ChatMetrics metrics) {
    this.metrics = metrics;
  }

  /** Reports one, with what the store did about it. */
  void report(SessionId id, String action) {
    metrics.error("store_entry");
    String session = id.hash();
    if (logged.size() < MAX_LOGGED && logged.add(session)) {
      LOGGER.log(
          Level.WARNING, "the entry of session {0} in Redis is damaged: {1}", session, action);
    }
  }
}
