package dev.tally.chat.spi;

import dev.tally.chat.protocol.CloseCode;

/**
 * What happens, told to whoever counts it. Every method does nothing unless overridden.
 *
 * <p>Called from any thread, selector threads and under locks among them: implementations return at
 * once and are safe for concurrent use. What they throw is caught and dropped. Label values come
 * from small fixed sets.
 */
public interface ChatMetrics {

  /** Metrics that nobody looks at. */
  ChatMetrics NONE = new ChatMetrics() {};

  /**
   * The hub offers its gauges. Called once, before anything else.
   *
   * @param statistics read it whenever somebody asks
   */
  default void bind(ChatStatistics statistics) {}

  /**
   * A handshake ended.
   *
   * @param result {@code accepted}, or why not, as a word: {@code draining}, {@code full}, …
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
   * @param code the status code that it ended with; {@link CloseCode#ABNORMAL}'s where no close
   *     frame was seen
   */
  default void closed(int code) {}

  /** A text message came in. */
  default void received() {}

  /**
   * A message's count is stored and its reply was handed to the transport.
   *
   * @param nanos time since the message came in, in nanoseconds
   */
  default void acknowledged(long nanos) {}

  /**
   * Messages were received that will not be acknowledged on this connection.
   *
   * @param messages how many, above 0
   */
  default void unacknowledged(long messages) {}

  /**
   * A round of heartbeats went out.
   *
   * @param connections how many got one
   */
  default void heartbeat(int connections) {}

  /**
   * A batch of commits was answered.
   *
   * @param sessions the batch's size
   * @param nanos the round trip in nanoseconds
   */
  default void committed(int sessions, long nanos) {}

  /**
   * Something went wrong.
   *
   * @param kind a word: {@code store_unavailable}, {@code slow_consumer}, {@code protocol}, …
   */
  default void error(String kind) {}
}
