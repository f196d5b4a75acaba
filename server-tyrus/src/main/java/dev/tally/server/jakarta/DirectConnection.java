package dev.tally.server.jakarta;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.protocol.Subprotocol;
import java.security.Principal;

/**
 * A connection of Tally's own server, which knows a shorter way between socket and session than the
 * Jakarta API. The endpoint finds it as the Jakarta session's user principal: that is the one
 * object which the API hands through from the handshake to the endpoint.
 */
public interface DirectConnection extends Principal {

  /**
   * Takes part in a session: text goes from the socket to the session, and replies go back, without
   * the Jakarta API between. Call once, in {@code onOpen}.
   *
   * @param hub where the session lives
   * @param subprotocol what the handshake agreed on
   * @return the connection's part in the session
   */
  ChatSession connect(ChatHub hub, Subprotocol subprotocol);
}
