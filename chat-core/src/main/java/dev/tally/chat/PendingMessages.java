package dev.tally.chat;

import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one session that wait for their count to be stored, oldest first. Takes no memory
 * before the client's first message. Where payloads are not kept, it allocates nothing for a client
 * that sends one message at a time. Guarded by the session's lock.
 */
final class PendingMessages {

  /**
   * What a message takes besides its payload: 8 to 16 bytes here and, where the payload is kept, up
   * to 40 for the header of its array and its place in the queue. If only payloads were charged,
   * many short messages would exceed the bound, and empty ones would have none.
   */
  static final long UPKEEP_BYTES = 64;

  private static final long[] NONE = {};
  private static final int FIRST_CAPACITY = 2;

  /** A larger ring is released when no message waits, so that a burst holds no memory. */
  private static final int KEPT_CAPACITY = 32;

  /** In place of a payload that is not kept. */
  static final byte[] NOT_KEPT = {};

  private final @Nullable ArrayDeque<byte[]> payloads;

  /** When each message was received, in nanoseconds. */
  private long[] ring = NONE;

  private int first;
  private int size;
  private long bytes;

  /**
   * Makes an empty queue.
   *
   * @param keepsPayloads whether a listener or the store receives the messages
   */
  PendingMessages(boolean keepsPayloads) {
    this.payloads = keepsPayloads ? new ArrayDeque<>(1) : null;
  }

  boolean keepsPayloads() {
    return payloads != null;
  }

  /** What a message with this payload is charged, in bytes. */
  static long cost(byte[] payload) {
    return payload.length + UPKEEP_BYTES;
  }

  /** What all messages are charged, in bytes. */
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
   * @param receivedNanos when it was received
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

  /** The payloads of all messages, oldest first; empty if they are not kept. */
  List<byte[]> payloads() {
    return payloads == null ? List.of() : List.copyOf(payloads);
  }

  /** When the oldest message was received; there must be one. */
  long oldestNanos() {
    return ring[first];
  }

  /**
   * Removes the oldest message; there must be one.
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

  /** Removes all messages. */
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
