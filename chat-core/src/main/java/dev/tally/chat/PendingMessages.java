package dev.tally.chat;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Messages of one session that wait for their count to be stored, oldest first. Takes no memory for
 * a client that never sent anything, and, where payloads are not kept, allocates nothing for one
 * that sends a message at a time. Guarded by the session.
 */
final class PendingMessages {

  /**
   * What a message takes besides its payload: 8 to 16 bytes here and, where the payload is kept, up
   * to 40 for its array's header and a place in a queue. Without it a bound on bytes would not hold
   * for many short messages, and not at all for empty ones.
   */
  static final long UPKEEP_BYTES = 64;

  private static final long[] NONE = {};
  private static final int FIRST_CAPACITY = 2;

  /** Above it, the memory is given back once nothing waits. */
  private static final int KEPT_CAPACITY = 32;

  /** What stands for a payload that is not kept. */
  static final byte[] NOT_KEPT = {};

  private final @Nullable ArrayDeque<byte[]> payloads;

  /** When each message came, in nanoseconds. */
  private long[] ring = NONE;

  private int first;
  private int size;
  private long bytes;

  /**
   * Makes an empty queue.
   *
   * @param keepsPayloads whether somebody is to see the messages once they are counted
   */
  PendingMessages(boolean keepsPayloads) {
    this.payloads = keepsPayloads ? new ArrayDeque<>(1) : null;
  }

  boolean keepsPayloads() {
    return payloads != null;
  }

  /** What a message of such a payload takes here, in bytes. */
  static long cost(byte[] payload) {
    return payload.length + UPKEEP_BYTES;
  }

  /** What all of them take. */
  long bytes() {
    return bytes;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /**
   * Adds the newest message.
   *
   * @param receivedNanos when it came
   * @param payload its UTF-8, or empty if it is not kept
   */
  void add(long receivedNanos, byte[] payload) {
    if (size == ring.length) {
      grow();
    }
    ring[(first + size++) % ring.length] = receivedNanos;
    bytes += cost(payload);
    if (payloads != null) {
      payloads.add(payload);
    }
  }

  /** When the oldest one came; there must be one. */
  long oldestNanos() {
    return ring[first];
  }

  /**
   * Removes the oldest one; there must be one.
   *
   * @return its payload, or empty if it was not kept
   */
  byte[] removeOldest() {
    byte[] payload = payloads == null ? NOT_KEPT : payloads.remove();
    bytes -= cost(payload);
    first = (first + 1) % ring.length;
    if (--size == 0 && ring.length > KEPT_CAPACITY) {
      ring = NONE;
      first = 0;
    }
    return payload;
  }

  /** Removes all. */
  void clear() {
    ring = NONE;
    first = 0;
    size = 0;
    bytes = 0;
    if (payloads != null) {
      payloads.clear();
    }
  }

  private void grow() {
    long[] larger = new long[Math.max(FIRST_CAPACITY, 2 * ring.length)];
    for (int i = 0; i < ring.length; i++) {
      larger[i] = ring[(first + i) % ring.length];
    }
    ring = larger;
    first = 0;
  }
}
