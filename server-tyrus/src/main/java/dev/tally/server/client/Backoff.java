package dev.tally.server.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff with full jitter: any pause from zero to a ceiling that doubles with each
 * failure, so that clients which fell together do not come back together. Not thread-safe.
 */
final class Backoff {

  private static final int MAX_DOUBLINGS = 30;

  private final Duration first;
  private final Duration longest;
  private final RandomGenerator random;
  private int failures;

  Backoff(Duration first, Duration longest, RandomGenerator random) {
    this.first = first;
    this.longest = longest;
    this.random = random;
  }

  /** The pause after one more failure. */
  Duration next() {
    long ceiling =
        Math.min(longest.toMillis(), first.toMillis() << Math.min(failures, MAX_DOUBLINGS));
    failures++;
    return Duration.ofMillis(random.nextLong(ceiling + 1));
  }

  /** Begins again, after a success. */
  void reset() {
    failures = 0;
  }
}
