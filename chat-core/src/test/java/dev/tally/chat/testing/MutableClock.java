package dev.tally.chat.testing;

import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Time that moves only when it is told to: the time of day, and a {@linkplain #monotonic monotonic}
 * clock beside it. Safe for use by several threads.
 */
public final class MutableClock implements InstantSource {

  private Instant now = Instant.parse("2026-11-23T20:00:00Z");
  private long nanos;

  @Override
  public synchronized Instant instant() {
    return now;
  }

  /**
   * What durations are measured with.
   *
   * @return a view of this clock that {@link #step} does not touch
   */
  public MonotonicClock monotonic() {
    return this::nanos;
  }

  private synchronized long nanos() {
    return nanos;
  }

  /**
   * Lets time pass.
   *
   * @param duration how much; 0 or more
   */
  public synchronized void advance(Duration duration) {
    now = now.plus(duration);
    nanos += duration.toNanos();
  }

  /**
   * Sets the time of day, as an administrator or a time server does; no time passes.
   *
   * @param duration how far; negative to go back
   */
  public synchronized void step(Duration duration) {
    now = now.plus(duration);
  }
}
