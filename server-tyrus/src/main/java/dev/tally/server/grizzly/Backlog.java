package dev.tally.server.grizzly;

import java.nio.ByteBuffer;

/** Bytes in the order in which they came, in one array that grows with them. For one thread. */
final class Backlog {

  /**
   * Up to this capacity nothing is charged: what replies need while nobody is slow. It is a part of
   * what a connection takes.
   */
  static final int FREE_BYTES = 512;

  private static final byte[] EMPTY = {};

  private byte[] bytes = EMPTY;
  private int from;
  private int to;

  int size() {
    return to - from;
  }

  boolean isEmpty() {
    return to == from;
  }

  /** Forgets everything. */
  void clear() {
    bytes = EMPTY;
    from = 0;
    to = 0;
  }

  /** The capacity that this has once some more bytes are in it. */
  int capacityFor(int more) {
    int needed = Math.addExact(size(), more);
    if (needed <= bytes.length) {
      return bytes.length;
    }
    return needed <= FREE_BYTES / 4
        ? 4 * needed
        : (int) Math.min(Integer.MAX_VALUE - 8L, needed + needed / 4L);
  }

  /** Bytes that a capacity takes of the budget. */
  static int charge(int capacity) {
    return capacity <= FREE_BYTES ? 0 : Math.addExact(capacity, Holdings.UPKEEP_BYTES);
  }

  /** Room behind all that is there, to be filled at once. */
  ByteBuffer add(int size) {
    makeRoom(size, 0);
    to += size;
    return ByteBuffer.wrap(bytes, to - size, size);
  }

  /** Room before all that is there, to be filled at once. */
  ByteBuffer addBefore(int size) {
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

  /** Takes out as much as fits. */
  void moveTo(ByteBuffer target) {
    int size = Math.min(size(), target.remaining());
    target.put(bytes, from, size);
    from += size;
    if (isEmpty()) {
      clear();
    }
  }
}
