package dev.tally.server.grizzly;

import java.time.Duration;

/**
 * What a client's silence asks for, by a clock that only the sweep's rounds advance. However long
 * the process stood still, a round counts as two at the most: what came meanwhile is read before
 * anybody is given up. One thread begins the rounds; for the rest it is safe for concurrent use.
 */
final class Liveness {

  enum Verdict {
    ALIVE,
    PING,
    DEAD
  }

  private final long roundMillis;
  private final long pingAfter;
  private final long deadAfter;
  private final long closeAfter;
  private long previous;
  private volatile long now;

  Liveness(Duration heartbeat, Duration closeTimeout) {
    long beat = heartbeat.toMillis();
    long close = closeTimeout.toMillis();
    this.roundMillis = Math.max(10, Math.min(1000, Math.min(beat, close) / 8));
    // A round less, because silence is noticed up to a round late; the closing client's time, which
    // may seem to begin a round early, is never cut short.
    this.pingAfter = Math.max(1, beat - roundMillis);
    this.deadAfter = 2 * beat - roundMillis;
    this.closeAfter = close + roundMillis;
  }

  /** How long a round of the sweep should take. */
  long roundMillis() {
    return roundMillis;
  }

  /** Milliseconds that the rounds have seen go by. */
  long now() {
    return now;
  }

  /** On the sweep's thread, as is {@link #of}. */
  void beginRound(long millisSinceTheLast) {
    previous = now;
    now = previous + Math.min(millisSinceTheLast, 2 * roundMillis);
  }

  /**
   * What to do about a client; asked once a round, says {@link Verdict#PING} once in a silence.
   *
   * @param heard {@link #now} when something last came
   */
  Verdict of(long heard) {
    if (previous - heard < pingAfter) {
      return now - heard < pingAfter ? Verdict.ALIVE : Verdict.PING;
    }
    return now - heard < deadAfter ? Verdict.ALIVE : Verdict.DEAD;
  }

  /**
   * Whether a client takes too long for its close frame.
   *
   * @param closed {@link #now} when ours went out
   */
  boolean isCloseOverdue(long closed) {
    return now - closed >= closeAfter;
  }
}
