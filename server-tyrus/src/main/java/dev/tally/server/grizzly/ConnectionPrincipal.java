package dev.tally.server.grizzly;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.Subprotocol;
import java.security.Principal;

/**
 * A connection of our own server as an endpoint meets it: the Jakarta session's user principal. The
 * principal is the one object that the Jakarta API hands through from the handshake to the
 * endpoint.
 */
public final class ConnectionPrincipal implements Principal {

  private final WebSocketConnection connection;

  ConnectionPrincipal(WebSocketConnection connection) {
    this.connection = connection;
  }

  /**
   * Takes part in a session by the short way: text goes from the socket to the session and replies
   * go back without the Jakarta API between. Call once, in {@code onOpen}.
   *
   * @param hub where the session lives
   * @param subprotocol what the handshake agreed on
   * @return the connection's part in the session
   */
  public ChatSession connect(ChatHub hub, Subprotocol subprotocol) {
    ChatSession session = hub.connect(connection, connection.handshake().sessionId(), subprotocol);
    connection.attach(session);
    return session;
  }

  /** The session's hash: the session id itself is a secret. */
  @Override
  public String getName() {
    return connection.handshake().sessionId().hash();
  }
}
