package dev.tally.chat;

import dev.tally.chat.protocol.Subject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a session keeps of its client's identity. The expiry was a time of day; from the connect on
 * it is measured by the monotonic clock, so that no connection is closed early, or never, because
 * the machine's clock is set.
 *
 * @param subject whose session it is
 * @param expiryMillis when the identity expires, on the monotonic clock; {@link Long#MAX_VALUE} for
 *     never
 */
record TimedIdentity(Optional<Subject> subject, long expiryMillis) {

  /** Far beyond the life of a process, and far from an overflow. */
  private static final long MOST_SECONDS = Duration.ofDays(36_525).toSeconds();

  private static final TimedIdentity ANONYMOUS =
      new TimedIdentity(Optional.empty(), Long.MAX_VALUE);

  /**
   * Measures the time until the expiry.
   *
   * @param now the time of day
   * @param nowMillis the same moment on the monotonic clock
   */
  static TimedIdentity of(Identity identity, Instant now, long nowMillis) {
    if (identity.equals(Identity.ANONYMOUS)) {
      return ANONYMOUS;
    }
    return new TimedIdentity(
        identity.subject(),
        identity
            .expiry()
            .map(expiry -> nowMillis + millisBetween(now, expiry))
            .orElse(Long.MAX_VALUE));
  }

  private static long millisBetween(Instant now, Instant expiry) {
    Duration left = Duration.between(now, expiry);
    return Math.abs(left.toSeconds()) < MOST_SECONDS
        ? left.toMillis()
        : Long.signum(left.toSeconds()) * MOST_SECONDS * 1000;
  }

  /** Whether the expiry was so long ago. */
  boolean hasExpired(long nowMillis, Duration ago) {
    return expiryMillis != Long.MAX_VALUE && nowMillis - expiryMillis >= ago.toMillis();
  }

  /** The time until the expiry, 0 once it is over; empty if the identity does not expire. */
  Optional<Duration> expiresIn(long nowMillis) {
    return expiryMillis == Long.MAX_VALUE
        ? Optional.empty()
        : Optional.of(Duration.ofMillis(Math.max(0, expiryMillis - nowMillis)));
  }
}
