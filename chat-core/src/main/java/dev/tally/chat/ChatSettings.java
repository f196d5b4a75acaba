package dev.tally.chat;

import java.time.Duration;

/**
 * The timeouts and limits of a hub. All durations are positive, except where 0 is allowed.
 *
 * @param sessionTtl how long the store keeps a session after its last message or resume; while a
 *     client is connected its session is renewed; must be the same in the store
 * @param unusedSessionTtl how long the store keeps a session without a counted message after its
 *     connection ended; {@code sessionTtl} if that is shorter; must be the same in the store
 * @param heartbeat time between heartbeats
 * @param drainTimeout time from the drain's start until every connection is gone
 * @param drainOverlap how long the old connection of a client that was told of its slot works on
 *     after the slot, within the drain timeout
 * @param openTimeout how long a client waits for the store to open its session
 * @param commitTimeout how long a message may wait for the store to take its count
 * @param expiryLeeway how long a connection works on after the expiry of its {@link Identity}, for
 *     clocks that differ; 0 or more
 * @param storeGrace how long the store may be down before {@link ChatHub#readiness()} says so
 * @param retryBackoff the longest pause between two attempts while the store is down
 * @param retryAfter the earliest time at which a client should reconnect that was closed because
 *     the store did not serve it, or because a drain ran out of time
 * @param maxPendingMessages unacknowledged messages per session; 1 or more
 * @param maxPendingBytes bytes of unacknowledged messages, all sessions together: 64 for each
 *     message, and its payload if there is a {@link dev.tally.chat.spi.MessageListener}. One
 *     session may take a sixteenth, or a single message. When all is taken, the session that holds
 *     most is closed. 1 or more
 * @param maxBatch sessions in one batch for the store; 1 or more
 */
public record ChatSettings(
    Duration sessionTtl,
    Duration unusedSessionTtl,
    Duration heartbeat,
    Duration drainTimeout,
    Duration drainOverlap,
    Duration openTimeout,
    Duration commitTimeout,
    Duration expiryLeeway,
    Duration storeGrace,
    Duration retryBackoff,
    Duration retryAfter,
    int maxPendingMessages,
    long maxPendingBytes,
    int maxBatch) {

  /** Checks every value; {@link #builder} names them. */
  public ChatSettings {
    requirePositive("sessionTtl", sessionTtl);
    requirePositive("unusedSessionTtl", unusedSessionTtl);
    requirePositive("heartbeat", heartbeat);
    requirePositive("drainTimeout", drainTimeout);
    requirePositive("drainOverlap", drainOverlap);
    requirePositive("openTimeout", openTimeout);
    requirePositive("commitTimeout", commitTimeout);
    if (expiryLeeway.isNegative()) {
      throw new IllegalArgumentException("expiryLeeway must be 0 or more, not " + expiryLeeway);
    }
    requirePositive("storeGrace", storeGrace);
    requirePositive("retryBackoff", retryBackoff);
    requirePositive("retryAfter", retryAfter);
    requirePositive("maxPendingMessages", maxPendingMessages);
    requirePositive("maxPendingBytes", maxPendingBytes);
    requirePositive("maxBatch", maxBatch);
  }

  /**
   * The documented defaults.
   *
   * @return 1 h sessions, 1 min without a message, 30 s heartbeats, 10 s drain, 2 s overlap, 5 s
   *     open, 30 s commit, 1 min expiry leeway, 5 s grace, 1 s backoff, back after 1 s, 1,024
   *     messages a session, 64 MiB in all, 512 sessions a batch
   */
  public static ChatSettings defaults() {
    return builder().build();
  }

  /**
   * Starts from the defaults, to change some of them.
   *
   * @return a builder with the defaults
   */
  public static Builder builder() {
    return new Builder();
  }

  private static void requirePositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be 1 or more, not " + value);
    }
  }

  /**
   * Builds settings from the defaults and what is set here. {@link #build} checks the values. Not
   * safe for use by several threads.
   */
  public static final class Builder {
    private Duration sessionTtl = Duration.ofHours(1);
    private Duration unusedSessionTtl = Duration.ofMinutes(1);
    private Duration heartbeat = Duration.ofSeconds(30);
    private Duration drainTimeout = Duration.ofSeconds(10);
    private Duration drainOverlap = Duration.ofSeconds(2);
    private Duration openTimeout = Duration.ofSeconds(5);
    private Duration commitTimeout = Duration.ofSeconds(30);
    private Duration expiryLeeway = Duration.ofMinutes(1);
    private Duration storeGrace = Duration.ofSeconds(5);
    private Duration retryBackoff = Duration.ofSeconds(1);
    private Duration retryAfter = Duration.ofSeconds(1);
    private int maxPendingMessages = 1024;
    private long maxPendingBytes = 64L << 20;
    private int maxBatch = 512;

    private Builder() {}

    /**
     * Sets {@link ChatSettings#sessionTtl}.
     *
     * @param value how long the store keeps a session; must be the same in the store
     * @return this
     */
    public Builder sessionTtl(Duration value) {
      sessionTtl = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#unusedSessionTtl}.
     *
     * @param value how long the store keeps a session without a counted message; must be the same
     *     in the store
     * @return this
     */
    public Builder unusedSessionTtl(Duration value) {
      unusedSessionTtl = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#heartbeat}.
     *
     * @param value time between heartbeats
     * @return this
     */
    public Builder heartbeat(Duration value) {
      heartbeat = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#drainTimeout}.
     *
     * @param value time from the drain's start until every connection is gone
     * @return this
     */
    public Builder drainTimeout(Duration value) {
      drainTimeout = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#drainOverlap}.
     *
     * @param value how long an old connection works on after its slot
     * @return this
     */
    public Builder drainOverlap(Duration value) {
      drainOverlap = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#openTimeout}.
     *
     * @param value how long a client waits for the store
     * @return this
     */
    public Builder openTimeout(Duration value) {
      openTimeout = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#commitTimeout}.
     *
     * @param value how long a message may wait for the store
     * @return this
     */
    public Builder commitTimeout(Duration value) {
      commitTimeout = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#expiryLeeway}.
     *
     * @param value how long a connection works on after its identity expired; 0 or more
     * @return this
     */
    public Builder expiryLeeway(Duration value) {
      expiryLeeway = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#storeGrace}.
     *
     * @param value how long the store may be down before readiness says so
     * @return this
     */
    public Builder storeGrace(Duration value) {
      storeGrace = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#retryBackoff}.
     *
     * @param value the longest pause between two attempts
     * @return this
     */
    public Builder retryBackoff(Duration value) {
      retryBackoff = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#retryAfter}.
     *
     * @param value the earliest time at which a client that was closed should reconnect
     * @return this
     */
    public Builder retryAfter(Duration value) {
      retryAfter = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#maxPendingMessages}.
     *
     * @param value unacknowledged messages per session
     * @return this
     */
    public Builder maxPendingMessages(int value) {
      maxPendingMessages = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#maxPendingBytes}.
     *
     * @param value bytes of unacknowledged messages, all sessions together
     * @return this
     */
    public Builder maxPendingBytes(long value) {
      maxPendingBytes = value;
      return this;
    }

    /**
     * Sets {@link ChatSettings#maxBatch}.
     *
     * @param value sessions in one batch for the store
     * @return this
     */
    public Builder maxBatch(int value) {
      maxBatch = value;
      return this;
    }

    /**
     * Makes the settings.
     *
     * @return the values as they are set now
     * @throws IllegalArgumentException if a value is not positive, or one is negative that may be 0
     */
    public ChatSettings build() {
      return new ChatSettings(
          sessionTtl,
          unusedSessionTtl,
          heartbeat,
          drainTimeout,
          drainOverlap,
          openTimeout,
          commitTimeout,
          expiryLeeway,
          storeGrace,
          retryBackoff,
          retryAfter,
          maxPendingMessages,
          maxPendingBytes,
          maxBatch);
    }
  }
}
