package dev.tally.chat;

import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The memory for unacknowledged messages of all sessions together. One session may take a part of
 * it only. When all of it is taken, the session that holds most is closed, which need not be the
 * one whose message finds no room: otherwise one client could fill the budget, and the server would
 * close the others. Safe for use by several threads.
 *
 * @param <T> a session
 */
final class PendingBudget<T> {

  /** One session may take one part of so many. */
  private static final int SHARES = 16;

  /** Above one part of so many, messages of a connection that ended are not kept. */
  private static final int ENDED_PART = 2;

  private final long limit;
  private final Supplier<? extends Collection<T>> holders;
  private final ToLongFunction<T> held;
  private final Consumer<T> close;
  private final LongAdder messages = new LongAdder();
  private final AtomicLong bytes = new AtomicLong();

  /**
   * Makes a budget of which nothing is taken.
   *
   * @param limit bytes
   * @param holders all sessions
   * @param held how many bytes a session has taken
   * @param close closes a session and releases what it has taken; called on any thread
   */
  PendingBudget(
      long limit,
      Supplier<? extends Collection<T>> holders,
      ToLongFunction<T> held,
      Consumer<T> close) {
    this.limit = limit;
    this.holders = holders;
    this.held = held;
    this.close = close;
  }

  /** The most that one session may hold, unless it is a single message. */
  long share() {
    return limit / SHARES;
  }

  /** Takes room for one message; false if there is none. */
  boolean take(long size) {
    if (bytes.addAndGet(size) > limit) {
      bytes.addAndGet(-size);
      return false;
    }
    messages.increment();
    return true;
  }

  /** Gives room back. */
  void release(int count, long size) {
    messages.add(-count);
    bytes.addAndGet(-size);
  }

  /**
   * Closes the session that holds most. The caller must hold no session's lock: two sessions that
   * close each other would deadlock.
   *
   * @param asking the session whose message found no room
   * @param size what it would hold with that message
   */
  void makeRoom(T asking, long size) {
    T largest = asking;
    long most = size;
    for (T other : holders.get()) {
      long bytesHeld = held.applyAsLong(other);
      if (bytesHeld > most) {
        largest = other;
        most = bytesHeld;
      }
    }
    close.accept(largest);
  }

  /**
   * Whether messages of a connection that ended may be kept until the store takes them. No
   * connection could be closed to free their room, so they must never take all of it.
   */
  boolean keepsEnded() {
    return bytes.get() <= limit / ENDED_PART;
  }

  long messages() {
    return messages.sum();
  }

  long bytes() {
    return bytes.get();
  }
}
