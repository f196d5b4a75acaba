package dev.tally.chat;

/**
 * Messages of one session that wait for their count to be stored, oldest first. Takes no memory for
 * a client that never sent anything, and allocates nothing for one that sends a message at a time.
 * Guarded by the session.
 */
final class PendingMessages {

  /**
   * What a message takes besides its payload: 16 bytes here and, where its text is kept for a
   * listener, about 50 for a string, its array's header and a place in a queue. Without it a bound
   * on bytes would not hold for many short messages, and not at all for empty ones.
   */
  static final long UPKEEP_BYTES = 64;

  private static final long[] NONE = {};
  private static final int FIRST_CAPACITY = 2;

  /** Above it, the memory is given back once nothing waits. */
  private static final int KEPT_CAPACITY = 32;

  /** Two entries a message: when it came, in nanoseconds, and its size in bytes with its upkeep. */
  private long[] ring = NONE;

  private int first;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void add(long receivedNanos, long bytes) {
    if (2 * size == ring.length) {
      grow();
    }
    int at = 2 * ((first + size++) % capacity());
    ring[at] = receivedNanos;
    ring[at + 1] = bytes;
  }

  /** When the oldest one came; there must be one. */
  long oldestNanos() {
    return ring[2 * first];
  }

  /** The oldest one's size; there must be one. */
  long oldestBytes() {
    return ring[2 * first + 1];
  }

  /** There must be one. */
  void removeOldest() {
    first = (first + 1) % capacity();
    if (--size == 0 && capacity() > KEPT_CAPACITY) {
      ring = NONE;
      first = 0;
    }
  }

  private int capacity() {
    return ring.length / 2;
  }

  private void grow() {
    long[] larger = new long[Math.max(2 * FIRST_CAPACITY, 2 * ring.length)];
    for (int i = 0; i < ring.length; i++) {
      larger[i] = ring[(2 * first + i) % ring.length];
    }
    ring = larger;
    first = 0;
  }
}
