package dev.tally.chat;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * When each connection is closed in a drain. Each has a slot of its own, so that the clients
 * reconnect one after the other: if all did so at once, the handshakes alone would overload the
 * server that takes over.
 *
 * <p>For one thread.
 */
final class DrainSchedule {

  private record Slot(long atMillis, ChatSession session) {}

  private final PriorityQueue<Slot> slots =
      new PriorityQueue<>(Comparator.comparingLong(Slot::atMillis));

  /**
   * Gives each connection its slot, and tells those clients of it that speak {@code tally.v1}.
   *
   * @param sessions the connections to close
   * @param timeout from now until the last connection must be closed
   * @param overlap how long a client that knows its slot may use the old connection after it
   * @param nowMillis the time that the slots are counted from
   */
  DrainSchedule(
      Collection<ChatSession> sessions, Duration timeout, Duration overlap, long nowMillis) {
    // Slots fill the first 80 % of the timeout, and no overlap reaches beyond 90 %: the rest is for
    // last commits and for close frames of the clients.
    long windowMillis = timeout.toMillis() * 8 / 10;
    long lastMillis = timeout.toMillis() * 9 / 10;
    long overlapMillis = overlap.toMillis();
    double perMilli =
        Math.max(
            RetryHints.LEAST_PER_SECOND / 1000.0,
            sessions.size() / (double) Math.max(1, windowMillis));
    int i = 0;
    for (ChatSession session : sessions) {
      long slotMillis = (long) (i++ / perMilli);
      long closeMillis = Math.min(slotMillis + overlapMillis, lastMillis);
      boolean told =
          session.announceDrain(Duration.ofMillis(slotMillis), Duration.ofMillis(closeMillis));
      slots.add(new Slot(nowMillis + (told ? closeMillis : slotMillis), session));
    }
  }

  /**
   * Closes the connections whose slot has come.
   *
   * @return milliseconds until the next slot, or {@link Long#MAX_VALUE} if there is none
   */
  long step(long nowMillis) {
    for (Slot slot = slots.peek(); slot != null; slot = slots.peek()) {
      if (slot.atMillis() > nowMillis) {
        return slot.atMillis() - nowMillis;
      }
      slots.remove();
      slot.session().drain(Duration.ofMillis(RetryHints.jitterMillis()));
    }
    return Long.MAX_VALUE;
  }
}
