package dev.tally.server.websocket;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes clients may make the process hold for one purpose, all connections together. What
 * is taken must be what is held: the capacity of the buffer, and the objects around it. Safe for
 * concurrent use; never blocks.
 */
public final class BufferBudget {

  private final long limit;
  private final AtomicLong used = new AtomicLong();

  /**
   * Makes a budget of which nothing is used.
   *
   * @param limit bytes, 0 or more
   */
  public BufferBudget(long limit) {
    this.limit = limit;
  }

  /**
   * Takes bytes of the first seven eighths. The last eighth is for those that cannot wait until
   * others have given something back, see {@link #takeReserved}.
   *
   * @param bytes 0 or more
   * @return whether they were taken; if not, nothing has changed
   */
  public boolean take(long bytes) {
    return takeBelow(limit - limit / 8, bytes);
  }

  /**
   * Takes bytes, and may use the last eighth as well.
   *
   * @param bytes 0 or more
   * @return whether they were taken; if not, nothing has changed
   */
  public boolean takeReserved(long bytes) {
    return takeBelow(limit, bytes);
  }

  private boolean takeBelow(long bound, long bytes) {
    // Not a sum with a number that may come from a client.
    long before = used.get();
    while (bytes <= bound - before) {
      if (used.compareAndSet(before, before + bytes)) {
        return true;
      }
      before = used.get();
    }
    return false;
  }

  /**
   * Gives bytes back.
   *
   * @param bytes what was taken, or a part of it
   */
  public void release(long bytes) {
    used.addAndGet(-bytes);
  }

  /**
   * What is taken now.
   *
   * @return bytes, from 0 to {@link #limit}
   */
  public long used() {
    return used.get();
  }

  /**
   * What may be taken.
   *
   * @return bytes
   */
  public long limit() {
    return limit;
  }
}
