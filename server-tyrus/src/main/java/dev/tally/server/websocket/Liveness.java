package dev.tally.server.websocket;

import java.time.Duration;

/**
 * What a client's silence asks for, by a clock that only the sweep's rounds advance. However long
 * the process stood still (a full collection, a suspended machine), a round counts as two at most:
 * what came meanwhile is read before any client is given up as dead.
 *
 * <p>One thread begins the rounds; for the rest it is safe for concurrent use.
 */
public final class Liveness {

  /** What to do about a client. */
  public enum Verdict {
    /** Nothing: something came lately. */
    ALIVE,
    /** Send it a ping. */
    PING,
    /** Cut the connection: the ping was not answered. */
    DEAD
  }

  private final long roundMillis;
  private final long pingAfter;
  private final long deadAfter;
  private final long closeAfter;
  private long previous;
  private volatile long now;

  /**
   * Makes a clock that shows 0.
   *
   * @param heartbeat a silent client gets a ping within it, and is dead within two
   * @param closeTimeout how long a client may take to answer a close frame
   */
  public Liveness(Duration heartbeat, Duration closeTimeout) {
    long beat = heartbeat.toMillis();
    long close = closeTimeout.toMillis();
    this.roundMillis = Math.max(10, Math.min(1000, Math.min(beat, close) / 8));
    // A round less, because silence is noticed up to a round late; the closing client's time, which
    // may seem to begin a round early, is never cut short.
    this.pingAfter = Math.max(1, beat - roundMillis);
    this.deadAfter = 2 * beat - roundMillis;
    this.closeAfter = close + roundMillis;
  }

  /** {@return how long a round of the sweep should take, in milliseconds} */
  public long roundMillis() {
    return roundMillis;
  }

  /** {@return milliseconds that the rounds have counted} */
  public long now() {
    return now;
  }

  /**
   * Advances the clock. On the sweep's thread, as is {@link #check}.
   *
   * @param millisSinceTheLast how long ago the last round began
   */
  public void beginRound(long millisSinceTheLast) {
    previous = now;
    now = previous + Math.min(millisSinceTheLast, 2 * roundMillis);
  }

  /**
   * What to do about a client. Asked once a round, it says {@link Verdict#PING} once in a silence.
   *
   * @param lastReceived {@link #now} when something last came
   * @return what to do
   */
  public Verdict check(long lastReceived) {
    if (previous - lastReceived < pingAfter) {
      return now - lastReceived < pingAfter ? Verdict.ALIVE : Verdict.PING;
    }
    return now - lastReceived < deadAfter ? Verdict.ALIVE : Verdict.DEAD;
  }

  /**
   * Whether a client takes too long for its close frame.
   *
   * @param closedAt {@link #now} when ours went out
   * @return true to end the connection
   */
  public boolean isCloseOverdue(long closedAt) {
    return now - closedAt >= closeAfter;
  }
}
