package dev.tally.server.grizzly;

import java.nio.ByteBuffer;

/** A checked frame or message in the form in which Tyrus reads it: whole, and masked with zero. */
final class MaskedFrame {

  private MaskedFrame() {}

  static ByteBuffer of(int opcode, byte[] payload) {
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
