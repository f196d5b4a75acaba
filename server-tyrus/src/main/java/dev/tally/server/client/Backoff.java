package dev.tally.server.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff with full jitter: a pause is the server's hint and a random time out of a
 * window. The window is 100 ms or the hint, whichever is longer, and doubles with each failure up
 * to 10 s: so clients that fell together, or were told the same hint, come back apart
 * (docs/PROTOCOL.md, "Coming back"). Not thread-safe.
 */
final class Backoff {

  private static final long FIRST_MILLIS = 100;

  /** 5,000 clients then come back at 500 a second, the pace of a drain. */
  private static final long LONGEST_MILLIS = 10_000;

  /** More than it takes to get from the first window to the longest. */
  private static final int MAX_DOUBLINGS = 10;

  private final RandomGenerator random;
  private int failures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /**
   * The pause after one more failure.
   *
   * @param hintMillis the least; 0 if there is no hint
   */
  Duration next(long hintMillis) {
    long window = Math.min(LONGEST_MILLIS, Math.max(FIRST_MILLIS, hintMillis) << failures);
    failures = Math.min(failures + 1, MAX_DOUBLINGS);
    return Duration.ofMillis(hintMillis + random.nextLong(window + 1));
  }

  /** Begins again, after a success. */
  void reset() {
    failures = 0;
  }
}
