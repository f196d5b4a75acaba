package dev.tally.server.handshake;

import dev.tally.server.auth.Authenticated;
import java.util.Optional;

/** What {@link Authentication} says of a request. */
public sealed interface Admission {

  /**
   * It may go on.
   *
   * @param client whose request it is; empty if authentication is off
   */
  record Granted(Optional<Authenticated> client) implements Admission {}

  /**
   * It ends here.
   *
   * @param refusal the answer
   */
  record Denied(Refusal refusal) implements Admission {}
}
