package dev.tally.chat;

import java.time.Duration;

/**
 * The hub's timeouts and limits. All durations are positive.
 *
 * @param sessionTtl how long the store keeps a session after its last message, resume or connected
 *     moment; must be the store's own
 * @param heartbeat time between heartbeats
 * @param drainTimeout time from the drain's start until every connection is gone
 * @param openTimeout how long a client waits for the store to open its session
 * @param commitTimeout how long a message may wait for the store to take its count
 * @param storeGrace how long the store may be down before {@link ChatHub#readiness()} says so
 * @param retryBackoff the longest pause between two tries while the store is down
 * @param retryAfter when a client may come back that the hub turned away for lack of the store, or
 *     of time to drain
 * @param maxPendingMessages unacknowledged messages per session; 1 or more
 * @param maxPendingBytes bytes of unacknowledged messages, all sessions together: their payload,
 *     and 64 for each message; 1 or more
 * @param maxBatch sessions in one batch for the store; 1 or more
 */
public record ChatConfig(
    Duration sessionTtl,
    Duration heartbeat,
    Duration drainTimeout,
    Duration openTimeout,
    Duration commitTimeout,
    Duration storeGrace,
    Duration retryBackoff,
    Duration retryAfter,
    int maxPendingMessages,
    long maxPendingBytes,
    int maxBatch) {

  /** Checks every value. */
  public ChatConfig {
    requirePositive("sessionTtl", sessionTtl);
    requirePositive("heartbeat", heartbeat);
    requirePositive("drainTimeout", drainTimeout);
    requirePositive("openTimeout", openTimeout);
    requirePositive("commitTimeout", commitTimeout);
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
   * @return 1 h sessions, 30 s heartbeats, 10 s drain, 5 s open, 30 s commit, 5 s grace, 1 s
   *     backoff, back after 1 s, 1,024 messages a session, 64 MiB in all, 512 sessions a batch
   */
  public static ChatConfig defaults() {
    return new ChatConfig(
        Duration.ofHours(1),
        Duration.ofSeconds(30),
        Duration.ofSeconds(10),
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        1024,
        64L << 20,
        512);
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
}
