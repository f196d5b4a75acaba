package dev.tally.chat;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The timetable of a drain: each connection has a slot of its own, so that the clients come back
 * one after the other instead of all at once.
 */
final class Drain {

  static final int SLOWEST_PER_SECOND = 500;

  private record Slot(long atMillis, ChatSession session) {}

  private final PriorityQueue<Slot> slots =
      new PriorityQueue<>(Comparator.comparingLong(Slot::atMillis));

  /**
   * Gives out the slots, and tells those clients that can make use of it.
   *
   * @param sessions everybody who is to leave
   * @param timeout from now until the last one must be gone
   * @param overlap how long those that were told may stay behind their slot
   * @param nowMillis the time that the slots are counted from
   */
  Drain(Collection<ChatSession> sessions, Duration timeout, Duration overlap, long nowMillis) {
    long windowMillis = timeout.toMillis() * 8 / 10;
    long lastMillis = timeout.toMillis() * 9 / 10;
    long overlapMillis = overlap.toMillis();
    double perMilli =
        Math.max(SLOWEST_PER_SECOND / 1000.0, sessions.size() / (double) Math.max(1, windowMillis));
    int i = 0;
    for (ChatSession session : sessions) {
      long slotMillis = (long) (i++ / perMilli);
      long closeMillis = Math.min(slotMillis + overlapMillis, lastMillis);
      boolean told =
          session.announceLeave(Duration.ofMillis(slotMillis), Duration.ofMillis(closeMillis));
      slots.add(new Slot(nowMillis + (told ? closeMillis : slotMillis), session));
    }
  }

  /**
   * Closes everybody whose slot has come.
   *
   * @return milliseconds until the next slot, or {@link Long#MAX_VALUE} if there is none
   */
  long step(long nowMillis) {
    for (Slot slot = slots.peek(); slot != null; slot = slots.peek()) {
      if (slot.atMillis() > nowMillis) {
        return slot.atMillis() - nowMillis;
      }
      slots.remove();
      slot.session().leave(Duration.ofMillis(RetryHints.jitterMillis()));
    }
    return Long.MAX_VALUE;
  }
}
