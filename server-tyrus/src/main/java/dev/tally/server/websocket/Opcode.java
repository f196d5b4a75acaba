package dev.tally.server.websocket;

/**
 * What a frame is (RFC 6455, 5.2). Numbers and not an enum: each connection keeps the one of its
 * current frame, in a byte.
 */
public final class Opcode {

  /** The next fragment of a message. */
  public static final int CONTINUATION = 0;

  /** A text message, or its first fragment. */
  public static final int TEXT = 1;

  /** A binary message, or its first fragment. */
  public static final int BINARY = 2;

  /** The last frame of its sender. */
  public static final int CLOSE = 8;

  /** Asks for a pong. */
  public static final int PING = 9;

  /** Answers a ping, or says that its sender is alive. */
  public static final int PONG = 10;

  private Opcode() {}

  /** Control frames are never fragmented, and may stand between the fragments of a message. */
  static boolean isControl(int opcode) {
    return opcode >= CLOSE;
  }

  /** Whether RFC 6455 defines it; the others are reserved. */
  static boolean isDefined(int opcode) {
    return opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG);
  }
}
