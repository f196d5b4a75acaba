package dev.tally.server.grizzly;

import java.time.InstantSource;

/** A token bucket: so many messages per second, and a burst after a pause. For one thread. */
final class MessageRate {

  private final int perSecond;
  private final int burst;
  private final InstantSource clock;
  private double tokens;
  private long filledMillis;

  MessageRate(int perSecond, int burst, InstantSource clock) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.clock = clock;
    this.tokens = burst;
    this.filledMillis = clock.millis();
  }

  /** Takes one message's token; false if there is none. */
  boolean take() {
    long now = clock.millis();
    tokens = Math.min(burst, tokens + Math.max(0, now - filledMillis) * perSecond / 1000.0);
    filledMillis = now;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
