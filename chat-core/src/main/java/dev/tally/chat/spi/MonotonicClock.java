package dev.tally.chat.spi;

import java.util.concurrent.TimeUnit;

/**
 * Measures durations. It never goes back, and does not jump when the machine's clock is set. It
 * does not know the time of day. Safe for use by several threads.
 */
@FunctionalInterface
public interface MonotonicClock {

  /**
   * Time since this clock was made.
   *
   * @return nanoseconds; 0 or more, and never less than what an earlier call returned
   */
  long nanos();

  /**
   * Time since this clock was made.
   *
   * @return {@link #nanos} in milliseconds, rounded down
   */
  default long millis() {
    return TimeUnit.NANOSECONDS.toMillis(nanos());
  }

  /**
   * Makes a clock that starts at 0.
   *
   * @return a view of {@link System#nanoTime}
   */
  static MonotonicClock system() {
    long start = System.nanoTime();
    return () -> System.nanoTime() - start;
  }
}
