package dev.tally.server.grizzly;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import java.security.Principal;

/**
 * Who connected, as the handshake found out. The endpoint meets it as the Jakarta session's user
 * principal, which is the one object of the container's that the API hands through.
 */
public final class Client implements Principal {

  private final SessionId sessionId;
  private final String requestId;
  private final String address;
  private final WebSocketConnection connection;

  Client(SessionId sessionId, String requestId, String address, WebSocketConnection connection) {
    this.sessionId = sessionId;
    this.requestId = requestId;
    this.address = address;
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
    ChatSession session = hub.connect(connection, sessionId, subprotocol);
    connection.attach(session);
    return session;
  }

  /**
   * The session that the client asked for, or a new one.
   *
   * @return the session id
   */
  public SessionId sessionId() {
    return sessionId;
  }

  /**
   * The handshake's {@code X-Request-Id}.
   *
   * @return 1 to 64 characters
   */
  public String requestId() {
    return requestId;
  }

  /**
   * The client's address, a trusted proxy's word included.
   *
   * @return an IP address
   */
  public String address() {
    return address;
  }

  /** The session's hash: the session id itself is a secret. */
  @Override
  public String getName() {
    return sessionId.hash();
  }
}
