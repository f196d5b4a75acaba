package dev.tally.chat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * The memory for unacknowledged messages of all sessions together. One session may take a part of
 * it only; and when all of it is taken, the session that holds most is sent away, which need not be
 * the one whose message finds no room. Safe for use by several threads.
 */
final class PendingBudget {

  /** One session may take this part of all. */
  private static final int SHARES = 16;

  /** Above this part of all, messages of a connection that ended are not kept. */
  private static final int ENDED_PART = 2;

  private final long limit;
  private final Connections connections;
  private final LongAdder messages = new LongAdder();
  private final AtomicLong bytes = new AtomicLong();

  PendingBudget(long limit, Connections connections) {
    this.limit = limit;
    this.connections = connections;
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
   * Sends away the session that holds most. The caller must hold no session's lock, since two that
   * send each other away would wait for ever.
   *
   * @param asking the session whose message found no room
   * @param size what it would hold with that message
   */
  void makeRoom(ChatSession asking, long size) {
    ChatSession largest = asking;
    long most = size;
    for (ChatSession other : connections.all()) {
      long held = other.pendingBytes();
      if (held > most) {
        largest = other;
        most = held;
      }
    }
    largest.giveWay();
  }

  /**
   * Whether messages of a connection that ended may be kept until the store takes them. Nobody
   * could be sent away for them, so they must never take all the room.
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
