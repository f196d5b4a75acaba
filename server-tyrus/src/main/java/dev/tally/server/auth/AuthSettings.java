package dev.tally.server.auth;

import java.time.Duration;
import java.util.Optional;

/**
 * Which tokens are valid.
 *
 * @param keys what they are signed with
 * @param issuer what {@code iss} must be; empty for anything
 * @param audience what {@code aud} must name; empty for anything
 * @param leeway how far the clocks of the issuer and of this machine may differ
 * @param query whether a token may also come in the query, as {@code access_token}
 */
public record AuthSettings(
    KeyLocation keys,
    Optional<String> issuer,
    Optional<String> audience,
    Duration leeway,
    boolean query) {

  /** Machines whose clocks are set by NTP differ by less; a token lives much longer. */
  public static final Duration DEFAULT_LEEWAY = Duration.ofSeconds(60);
}
