package dev.tally.server.client;

/** Told of what happens to a {@link ChatClient}, on its thread; must not block for long. */
interface Observer {
  /** One more message is counted; numbers come in order. */
  void counted(long number);

  /** The session is open, or open again. */
  void connected(String sessionId, long count, boolean resumed);

  /** The server is alive. */
  default void heartbeat(String timestamp) {}

  /** Something that a person may want to know. */
  default void note(String text) {}

  /**
   * The session goes on over another connection.
   *
   * @param gapMillis time without one; 0 if the new one was there before the old one went
   */
  default void moved(long gapMillis) {}
}
