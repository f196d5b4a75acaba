package dev.tally.server.websocket;

import java.nio.ByteBuffer;

/**
 * A checked frame or message in the form in which Tyrus reads it: unfragmented, and masked with 0.
 */
public final class MaskedFrame {

  private MaskedFrame() {}

  /**
   * Makes one.
   *
   * @param opcode of a frame that is no fragment
   * @param payload what is in it
   * @return the frame, to be read
   */
  public static ByteBuffer of(int opcode, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(payload.length + 14);
    frame.put((byte) (0x80 | opcode));
    if (payload.length < 126) {
      frame.put((byte) (0x80 | payload.length));
    } else if (payload.length < 65_536) {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    } else {
      frame.put((byte) (0x80 | 127)).putLong(payload.length);
    }
    return frame.putInt(0).put(payload).flip();
  }
}
