package dev.tally.server.websocket;

import java.nio.ByteBuffer;

/**
 * Bytes in the order in which they came, in one array that grows with them. A thousand small frames
 * in a queue of buffers would take ten times their size. For one thread at a time.
 */
public final class ByteQueue {

  /**
   * Up to this capacity nothing is charged: what replies need while nobody is slow. It is a part of
   * what a connection takes.
   */
  private static final int FREE_BYTES = 512;

  private static final byte[] EMPTY = {};

  private byte[] bytes = EMPTY;
  private int from;
  private int to;

  /** {@return how many bytes are in it} */
  public int size() {
    return to - from;
  }

  /** {@return whether it has none} */
  public boolean isEmpty() {
    return to == from;
  }

  /** Forgets everything. */
  public void clear() {
    bytes = EMPTY;
    from = 0;
    to = 0;
  }

  /**
   * The capacity that this has once some more bytes are in it.
   *
   * @param more how many
   * @return bytes
   */
  public int capacityFor(int more) {
    int needed = Math.addExact(size(), more);
    if (needed <= bytes.length) {
      return bytes.length;
    }
    return needed <= FREE_BYTES / 4
        ? 4 * needed
        : (int) Math.min(Integer.MAX_VALUE - 8L, needed + needed / 4L);
  }

  /**
   * Bytes that a capacity takes of the budget.
   *
   * @param capacity of {@link #capacityFor}
   * @return 0 for a small one
   */
  public static int charge(int capacity) {
    return capacity <= FREE_BYTES ? 0 : Math.addExact(capacity, BudgetShare.HOLDER_BYTES);
  }

  /**
   * Room behind all that is there.
   *
   * @param size how many bytes
   * @return to be filled at once
   */
  public ByteBuffer add(int size) {
    makeRoom(size, 0);
    to += size;
    return ByteBuffer.wrap(bytes, to - size, size);
  }

  /**
   * Room before all that is there.
   *
   * @param size how many bytes
   * @return to be filled at once
   */
  public ByteBuffer addBefore(int size) {
    if (from < size) {
      makeRoom(size, size);
    }
    from -= size;
    return ByteBuffer.wrap(bytes, from, size);
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

  /**
   * Takes out as much as fits.
   *
   * @param target gets it
   */
  public void moveTo(ByteBuffer target) {
    int size = Math.min(size(), target.remaining());
    target.put(bytes, from, size);
    from += size;
    if (isEmpty()) {
      clear();
    }
  }
}
