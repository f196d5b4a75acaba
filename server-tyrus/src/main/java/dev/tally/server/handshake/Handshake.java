package dev.tally.server.handshake;

import dev.tally.chat.Identity;
import dev.tally.chat.protocol.SessionId;
import dev.tally.server.auth.Authenticated;
import java.util.Optional;

/**
 * An upgrade request that may go ahead.
 *
 * @param sessionId the session to resume, or a new one, as the client calls it
 * @param requestId for the logs of both sides
 * @param address whose connection it is
 * @param client whose token it had; empty if authentication is off
 * @param extensions what is agreed on, for {@code Sec-WebSocket-Extensions}
 */
public record Handshake(
    SessionId sessionId,
    String requestId,
    String address,
    Optional<Authenticated> client,
    Optional<String> extensions) {

  /** Who the client is. */
  public Identity identity() {
    return client.map(Authenticated::identity).orElse(Identity.ANONYMOUS);
  }

  /** The session as the server names it, also in the log. */
  public SessionId sessionKey() {
    return identity().keyOf(sessionId);
  }
}
