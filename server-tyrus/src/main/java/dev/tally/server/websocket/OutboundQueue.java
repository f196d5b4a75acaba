package dev.tally.server.websocket;

import java.nio.ByteBuffer;

/**
 * What waits to be sent on one connection: bytes in their order, in one array that grows with them,
 * bounded for the connection and within the budget of all. A queue of buffers would take ten times
 * the size of a small frame for each.
 *
 * <p>For one thread at a time: the caller guards it. To add bytes, {@link #take} their room first,
 * then {@link #add} or {@link #addFirst} it, and fill it before another thread may come.
 */
public final class OutboundQueue {

  /**
   * Up to this capacity nothing is charged: what replies need while the client reads. It is a part
   * of what a connection takes.
   */
  private static final int FREE_BYTES = 512;

  private static final byte[] EMPTY = {};

  private final BudgetShare.Holder holder;
  private final int maxBytes;
  private byte[] bytes = EMPTY;
  private int from;
  private int to;

  /** Bytes that were taken of the budget. */
  private int charged;

  /** What of them was taken through the thread's share, and has to go back that way. */
  private int chargedToShare;

  /**
   * Makes an empty queue.
   *
   * @param holder is evicted if others need the room
   * @param maxBytes that may wait
   */
  public OutboundQueue(BudgetShare.Holder holder, int maxBytes) {
    this.holder = holder;
    this.maxBytes = maxBytes;
  }

  /** {@return how many bytes wait} */
  public int size() {
    return to - from;
  }

  /**
   * Takes room for more bytes, of the budget as well if need be. On the selector's thread others
   * can be evicted for it; another thread may use the budget's reserve instead.
   *
   * @param size how many bytes
   * @param share the thread's share of the budget
   * @param onThread whether the caller is the selector's thread
   * @return false if there is no room: nothing was taken
   */
  public boolean take(int size, BudgetShare share, boolean onThread) {
    if (size > maxBytes - size()) {
      return false;
    }
    int capacity = capacityFor(size);
    int needed = capacity <= FREE_BYTES ? 0 : Math.addExact(capacity, BudgetShare.HOLDER_BYTES);
    int more = needed - charged;
    if (more <= 0) {
      return true;
    }
    if (!(onThread ? share.take(holder, more) : share.budget().takeReserved(more))) {
      return false;
    }
    charged += more;
    chargedToShare += onThread ? more : 0;
    return true;
  }

  /**
   * Adds bytes behind all others.
   *
   * @param size for which room was taken
   * @return to be filled at once
   */
  public ByteBuffer add(int size) {
    makeRoom(size, 0);
    to += size;
    return ByteBuffer.wrap(bytes, to - size, size);
  }

  /**
   * Adds bytes ahead of all others.
   *
   * @param size for which room was taken
   * @return to be filled at once
   */
  public ByteBuffer addFirst(int size) {
    if (from < size) {
      makeRoom(size, size);
    }
    from -= size;
    return ByteBuffer.wrap(bytes, from, size);
  }

  /**
   * Takes out as much as fits. Once it is empty, everything goes back to the budget. On the
   * selector's thread.
   *
   * @param target gets it
   * @param share the thread's share of the budget
   */
  public void moveTo(ByteBuffer target, BudgetShare share) {
    int size = Math.min(size(), target.remaining());
    if (size > 0) {
      target.put(bytes, from, size);
      from += size;
      if (from == to) {
        clear(share);
      }
    }
  }

  /**
   * Drops everything and gives it back to the budget. On the selector's thread.
   *
   * @param share the thread's share of the budget
   */
  public void clear(BudgetShare share) {
    bytes = EMPTY;
    from = 0;
    to = 0;
    if (charged > 0) {
      share.budget().release((long) charged - chargedToShare);
      share.giveBack(holder, chargedToShare);
      charged = 0;
      chargedToShare = 0;
    }
  }

  /** The capacity of the array once some more bytes are in it. */
  private int capacityFor(int more) {
    int needed = Math.addExact(size(), more);
    if (needed <= bytes.length) {
      return bytes.length;
    }
    return needed <= FREE_BYTES / 4
        ? 4 * needed
        : (int) Math.min(Integer.MAX_VALUE - 8L, needed + needed / 4L);
  }

  /** Moves what is there to a place where so many more bytes have room behind it or before it. */
  private void makeRoom(int more, int start) {
    int capacity = capacityFor(more);
    int size = size();
    if (capacity > bytes.length || start > 0) {
      byte[] larger = capacity > bytes.length ? new byte[capacity] : bytes;
      System.arraycopy(bytes, from, larger, start, size);
      bytes = larger;
    } else if (more > bytes.length - to) {
      System.arraycopy(bytes, from, bytes, start, size);
    } else {
      return;
    }
    from = start;
    to = start + size;
  }
}
