package dev.tally.server.grizzly;

import dev.tally.chat.spi.MonotonicClock;

/** A token bucket: so many messages per second, and a burst after a pause. For one thread. */
final class MessageRate {

  private final int perSecond;
  private final int burst;
  private final MonotonicClock time;
  private double tokens;
  private long filledMillis;

  MessageRate(int perSecond, int burst, MonotonicClock time) {
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
  boolean take() {
    fill();
    tokens--;
    return tokens >= 1;
  }

  /** Whether a message may come. */
  boolean isReady() {
    fill();
    return tokens >= 1;
  }

  private void fill() {
    long now = time.millis();
    tokens = Math.min(burst, tokens + (now - filledMillis) * perSecond / 1000.0);
    filledMillis = now;
  }
}
