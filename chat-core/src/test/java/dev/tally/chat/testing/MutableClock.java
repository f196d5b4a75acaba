package dev.tally.chat.testing;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Time that moves only when it is told to. Safe for use by several threads. */
public final class MutableClock implements InstantSource {

  private Instant now = Instant.parse("2026-11-23T20:00:00Z");

  @Override
  public synchronized Instant instant() {
    return now;
  }

  /**
   * Moves on.
   *
   * @param duration how far
   */
  public synchronized void advance(Duration duration) {
    now = now.plus(duration);
  }
}
