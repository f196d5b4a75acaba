package dev.tally.chat;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Closes the connections whose identity has expired, one after the other, at the pace of a drain:
 * tokens that were made together expire together, and if their clients were closed at the same
 * moment, they would all connect at the same moment. Safe for use by several threads.
 */
final class ExpirySchedule {

  /** How often {@link #step} should be called while connections wait. */
  static final long STEP_MILLIS = 10;

  /** No connection waits for longer, however many there are. */
  static final long WINDOW_MILLIS = 8_000;

  private static final double LEAST_PER_MILLI = RetryHints.LEAST_PER_SECOND / 1000.0;

  /** In the order in which they were found. */
  private final Set<ChatSession> waiting = new LinkedHashSet<>();

  /**
   * Closes in a millisecond. It does not fall while connections wait: otherwise those that are
   * added later would slow down those before them, which could exceed the window then.
   */
  private double perMilli;

  /** How many may be closed now. */
  private double due;

  private long steppedMillis;

  /**
   * Adds connections. One that waits already keeps its place.
   *
   * @return whether none waited before, so that steps must begin
   */
  synchronized boolean add(Collection<ChatSession> expired, long nowMillis) {
    boolean begins = waiting.isEmpty();
    if (begins) {
      perMilli = LEAST_PER_MILLI;
      due = 1;
      steppedMillis = nowMillis;
    }
    waiting.addAll(expired);
    perMilli = Math.max(perMilli, (double) waiting.size() / WINDOW_MILLIS);
    return begins;
  }

  /**
   * Closes the connections whose turn it is.
   *
   * @return whether others still wait
   */
  synchronized boolean step(long nowMillis) {
    due += (nowMillis - steppedMillis) * perMilli;
    steppedMillis = nowMillis;
    Iterator<ChatSession> next = waiting.iterator();
    while (due >= 1 && next.hasNext()) {
      if (next.next().expire()) {
        due--;
      }
      next.remove();
    }
    return !waiting.isEmpty();
  }
}
