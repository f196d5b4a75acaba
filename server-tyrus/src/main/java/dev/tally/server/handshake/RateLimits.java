package dev.tally.server.handshake;

import dev.tally.chat.spi.MonotonicClock;
import org.jspecify.annotations.Nullable;

/**
 * How many handshakes an address may make in a minute, and how many new sessions.
 *
 * <p>Only the store knows which session is new: a client may choose any id. So each handshake takes
 * a token of both rates, and one that resumes a session gives the second one back. Safe for
 * concurrent use.
 */
public final class RateLimits {

  private final AddressRate handshakes;
  private final AddressRate sessions;

  /**
   * Makes the limits.
   *
   * @param handshakesPerMinute of one address; 0 for no limit
   * @param sessionsPerMinute new ones of one address; 0 for no limit
   * @param time measures the minutes
   */
  public RateLimits(int handshakesPerMinute, int sessionsPerMinute, MonotonicClock time) {
    this.handshakes = new AddressRate(handshakesPerMinute, time);
    this.sessions = new AddressRate(sessionsPerMinute, time);
  }

  /**
   * Counts a handshake, before anything else is looked at.
   *
   * @param address whose it is
   * @return why it is refused, or null
   */
  public @Nullable Refusal handshake(String address) {
    AddressRate.Charge charge = handshakes.take(address);
    return charge.isTaken()
        ? null
        : refusal("too_many_handshakes", address, handshakes, charge, "handshakes");
  }

  /**
   * Counts a session that may be new, once the handshake has broken no rule.
   *
   * @param address whose it is
   * @return to be given back if the session was not new
   */
  public AddressRate.Charge session(String address) {
    return sessions.take(address);
  }

  /**
   * Why a handshake is refused.
   *
   * @param address whose it is
   * @param charge what {@link #session} returned, not taken
   * @return the refusal
   */
  public Refusal sessionRefusal(String address, AddressRate.Charge charge) {
    return refusal("too_many_sessions", address, sessions, charge, "new sessions");
  }

  private static Refusal refusal(
      String result, String address, AddressRate rate, AddressRate.Charge charge, String what) {
    return new Refusal(
        "429 Too Many Requests",
        result,
        "Retry-After: " + charge.retryAfterSeconds(),
        "The address "
            + address
            + " may make "
            + rate.perMinute()
            + " "
            + what
            + " a minute, and this is one more.");
  }
}
