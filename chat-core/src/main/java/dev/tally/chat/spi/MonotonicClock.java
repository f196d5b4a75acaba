package dev.tally.chat.spi;

import java.util.concurrent.TimeUnit;

/**
 * Time that never goes back and never jumps when somebody sets the machine's clock: what every
 * duration is measured with. It says nothing about the time of day. Safe for use by several
 * threads.
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
