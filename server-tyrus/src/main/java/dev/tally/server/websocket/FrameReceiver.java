package dev.tally.server.websocket;

/** Gets what was read. Called on the thread that reads, in the order of the bytes. */
public interface FrameReceiver {

  /**
   * A text message.
   *
   * @param utf8 an array that is only lent; valid UTF-8 within the bounds
   * @param from where the text begins
   * @param to behind its last byte
   */
  void onText(byte[] utf8, int from, int to);

  /**
   * A binary message.
   *
   * @param payload an array of the receiver's own
   */
  void onBinary(byte[] payload);

  /**
   * A ping, pong or close frame whose payload follows the rules. Nothing is read behind a close
   * frame.
   *
   * @param opcode which of them
   * @param payload up to 125 bytes
   */
  void onControl(int opcode, byte[] payload);

  /**
   * The client's close frame came after {@link FrameReader#skip}, or broke a rule: the client sends
   * no other.
   */
  void onCloseSkipped();

  /**
   * The connection must be closed. Everything but the client's close frame is skipped from now on.
   *
   * @param violation why
   */
  void onViolation(Violation violation);

  /**
   * Whether binary messages are taken at all.
   *
   * @return false to close the connection when one comes
   */
  boolean takesBinary();
}
