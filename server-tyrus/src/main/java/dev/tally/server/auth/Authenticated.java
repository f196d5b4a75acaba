package dev.tally.server.auth;

import dev.tally.chat.Identity;
import dev.tally.chat.protocol.Subject;
import java.time.Instant;
import java.util.Optional;

/**
 * What a valid token says of its client.
 *
 * @param subject the user that the client acts for
 * @param expires the token's {@code exp}. The leeway for clocks that differ is not a part of it
 */
public record Authenticated(Subject subject, Instant expires) {

  /** The same for the hub. */
  public Identity identity() {
    return new Identity(Optional.of(subject), Optional.of(expires));
  }
}
