package dev.tally.server.websocket;

import dev.tally.chat.spi.MonotonicClock;

/** A token bucket: so many messages a second, and a burst after a pause. For one thread. */
public final class MessageRate {

  private final int perSecond;
  private final int burst;
  private final MonotonicClock time;
  private double tokens;
  private long filledMillis;

  /**
   * Makes a full bucket.
   *
   * @param perSecond messages a second, 1 or more
   * @param burst messages at once, 1 or more
   * @param time measures how much comes in
   */
  public MessageRate(int perSecond, int burst, MonotonicClock time) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.time = time;
    this.tokens = burst;
    this.filledMillis = time.millis();
  }

  /**
   * Takes one message's token.
   *
   * @return whether there is one for another message
   */
  public boolean take() {
    fill();
    tokens--;
    return tokens >= 1;
  }

  /** {@return whether a message may come} */
  public boolean isReady() {
    fill();
    return tokens >= 1;
  }

  private void fill() {
    long now = time.millis();
    tokens = Math.min(burst, tokens + (now - filledMillis) * perSecond / 1000.0);
    filledMillis = now;
  }
}
