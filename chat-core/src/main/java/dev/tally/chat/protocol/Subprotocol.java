package dev.tally.chat.protocol;

/** What was agreed on in {@code Sec-WebSocket-Protocol} (docs/PROTOCOL.md). */
public enum Subprotocol {
  /** None: counts, heartbeats and a bye. What any WebSocket client gets. */
  PLAIN(""),
  /** {@code tally.v1}: adds a welcome, errors, and a bye that leaves time to move. */
  TALLY_V1("tally.v1");

  private final String token;

  Subprotocol(String token) {
    this.token = token;
  }

  /**
   * The token of the handshake.
   *
   * @return empty for {@link #PLAIN}
   */
  public String token() {
    return token;
  }
}
