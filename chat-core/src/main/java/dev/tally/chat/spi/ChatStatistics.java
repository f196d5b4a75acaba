package dev.tally.chat.spi;

/** The gauges of a hub. Every method is cheap, does not block, and is safe on any thread. */
public interface ChatStatistics {

  /**
   * Connections that are open now.
   *
   * @return 0 or more
   */
  int connections();

  /**
   * Messages that were received and neither acknowledged nor dropped yet.
   *
   * @return 0 or more
   */
  long pendingMessages();

  /**
   * Bytes of the {@linkplain #pendingMessages() pending messages}: 64 for each, and its payload if
   * there is a {@link MessageListener}.
   *
   * @return 0 or more
   */
  long pendingBytes();

  /**
   * Sessions that wait for the store to open them.
   *
   * @return 0 or more
   */
  int openQueueDepth();

  /**
   * Sessions that wait for the store to take their count.
   *
   * @return 0 or more
   */
  int commitQueueDepth();

  /**
   * Whether the session store answered its last health check.
   *
   * @return true if it did
   */
  boolean storeUp();

  /**
   * Whether the last health check of the session store said that it is full.
   *
   * @return true if it is full
   */
  boolean storeFull();

  /**
   * Whether a balancer should send new clients here.
   *
   * @return true if ready
   */
  boolean ready();

  /**
   * Whether the drain has begun.
   *
   * @return true from then on
   */
  boolean draining();
}
