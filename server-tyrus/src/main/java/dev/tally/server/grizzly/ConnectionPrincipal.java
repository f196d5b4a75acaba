package dev.tally.server.grizzly;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.server.handshake.Handshake;
import dev.tally.server.jakarta.DirectConnection;

/** A connection of this listener, as the endpoint meets it. */
final class ConnectionPrincipal implements DirectConnection {

  private final WebSocketConnection connection;

  ConnectionPrincipal(WebSocketConnection connection) {
    this.connection = connection;
  }

  @Override
  public ChatSession connect(ChatHub hub, Subprotocol subprotocol) {
    Handshake handshake = connection.handshake();
    ChatSession session =
        hub.connect(connection, handshake.sessionId(), subprotocol, handshake.identity());
    connection.attach(session);
    return session;
  }

  /** The session's hash: the session id itself is a secret. */
  @Override
  public String getName() {
    return connection.handshake().sessionKey().hash();
  }
}
