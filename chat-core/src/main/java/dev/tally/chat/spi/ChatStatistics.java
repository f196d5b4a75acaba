package dev.tally.chat.spi;

/** The hub's gauges, read when somebody asks. Every method is cheap and safe from any thread. */
public interface ChatStatistics {

  /**
   * Connections that are open now.
   *
   * @return 0 or more
   */
  int connections();

  /**
   * Messages received and not yet acknowledged or given up.
   *
   * @return 0 or more
   */
  long pendingMessages();

  /**
   * Bytes of the {@linkplain #pendingMessages() pending messages}: 64 for each, and its payload if
   * there is a {@link MessageListener} to see it.
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
   * Whether the session store turned its last health check or a session away for lack of room.
   *
   * @return true if it is full
   */
  boolean storeFull();

  /**
   * Whether new clients are welcome.
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
