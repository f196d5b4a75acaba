package dev.tally.chat.spi;

import dev.tally.chat.protocol.CloseCode;

/**
 * Receives events to count. Every method does nothing unless it is overridden.
 *
 * <p>Called on any thread, also on selector threads and under locks: implementations return without
 * waiting and are safe for use by several threads. What they throw is caught; the first time it is
 * logged. Words such as a result or a kind come from small fixed sets, so they may be labels.
 */
public interface ChatMetrics {

  /** Counts nothing. */
  ChatMetrics NONE = new ChatMetrics() {};

  /**
   * Hands over the gauges of the hub. Called once, before every other method.
   *
   * @param statistics may be read at any time
   */
  default void bind(ChatStatistics statistics) {}

  /**
   * A handshake ended.
   *
   * @param result {@code accepted}, or a word for the reason of its refusal: {@code draining},
   *     {@code full}, …
   */
  default void handshake(String result) {}

  /**
   * A session was opened for a connection.
   *
   * @param lease the lease that the store gave
   */
  default void sessionOpened(Lease lease) {}

  /**
   * A connection ended.
   *
   * @param code the status code of the close frame; {@link CloseCode#ABNORMAL}'s if there was none
   */
  default void closed(int code) {}

  /** A text message was received. */
  default void received() {}

  /**
   * A message's count is stored and its reply was handed to the transport.
   *
   * @param nanos time since the message was received, in nanoseconds
   */
  default void acknowledged(long nanos) {}

  /**
   * Messages were received that will not be acknowledged on this connection.
   *
   * @param messages how many, above 0
   */
  default void unacknowledged(long messages) {}

  /**
   * A round of heartbeats was sent.
   *
   * @param connections how many connections got one
   */
  default void heartbeat(int connections) {}

  /**
   * A batch of commits was answered.
   *
   * @param sessions how many sessions the batch had
   * @param nanos how long the store took, in nanoseconds
   */
  default void committed(int sessions, long nanos) {}

  /**
   * The store added messages to its log.
   *
   * @param messages how many, above 0
   * @param bytes the length of their texts in UTF-8, together
   */
  default void logged(int messages, long bytes) {}

  /**
   * The store found that messages of a session are not in its log, and said so there.
   *
   * @param messages how many numbers are missing, above 0
   */
  default void missingFromLog(long messages) {}

  /**
   * Something failed.
   *
   * @param kind a word for it: {@code store_unavailable}, {@code slow_consumer}, {@code protocol},
   *     …
   */
  default void error(String kind) {}
}
