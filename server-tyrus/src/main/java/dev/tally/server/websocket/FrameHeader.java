package dev.tally.server.websocket;

import org.jspecify.annotations.Nullable;

/**
 * The header of a frame (RFC 6455, 5.2), and the rules that can be checked with it alone. One for
 * all connections of a selector thread, which decode into it and take out what they need at once,
 * so that no frame makes an object.
 */
final class FrameHeader {

  static final int MAX_BYTES = 14;

  /** RSV1 to RSV3, in the first byte. */
  private static final int RESERVED = 0x70;

  /** RSV1: the message is compressed. */
  private static final int COMPRESSED = 0x40;

  private static final int MAX_CONTROL_PAYLOAD = 125;

  private byte first;
  private boolean masked;
  private int mask;
  private int shortLength;
  private long length;

  /** Bytes of the header, from its second byte: 2 to {@link #MAX_BYTES}. */
  static int size(byte second) {
    int mask = (second & 0x80) == 0 ? 0 : 4;
    return mask + lengthEnd(second & 0x7f);
  }

  /** Bytes of the header up to the end of the length. */
  private static int lengthEnd(int shortLength) {
    return shortLength == 126 ? 4 : shortLength == 127 ? 10 : 2;
  }

  /** Decodes a complete header. */
  void decode(byte[] bytes, int at) {
    first = bytes[at];
    masked = (bytes[at + 1] & 0x80) != 0;
    shortLength = bytes[at + 1] & 0x7f;
    int maskAt = at + lengthEnd(shortLength);
    length = shortLength < 126 ? shortLength : 0;
    for (int i = at + 2; i < maskAt; i++) {
      length = (length << 8) | (bytes[i] & 0xff);
    }
    mask = masked ? Payload.maskingKey(bytes, maskAt) : 0;
  }

  int opcode() {
    return first & 0x0f;
  }

  boolean isFin() {
    return (first & 0x80) != 0;
  }

  boolean isCompressed() {
    return (first & COMPRESSED) != 0;
  }

  /** The masking key; 0, which changes nothing, if there is none. */
  int mask() {
    return mask;
  }

  /** Payload bytes. Negative if the highest bit of a 64-bit length is set, which is forbidden. */
  long length() {
    return length;
  }

  /**
   * The rule that a frame breaks by its first byte, or null. Known before the rest of the header.
   *
   * @param compression whether permessage-deflate was agreed on
   */
  static @Nullable Violation violation(byte first, boolean compression) {
    int opcode = first & 0x0f;
    int reserved = first & RESERVED;
    if (reserved != 0 && !compression) {
      return Violation.protocol("reserved bit set, no extension agreed on");
    }
    boolean startsMessage = opcode == Opcode.TEXT || opcode == Opcode.BINARY;
    // RFC 7692, 6: RSV1 is for a message's first frame, and for no control frame.
    if (reserved != 0 && (reserved != COMPRESSED || !startsMessage)) {
      return Violation.protocol("reserved bit set where no extension uses it");
    }
    return Opcode.isDefined(opcode) ? null : Violation.protocol("reserved opcode " + opcode);
  }

  /** The rule that the frame breaks by its header alone, or null. */
  @Nullable Violation violation(boolean compression) {
    Violation byFirst = violation(first, compression);
    if (byFirst != null) {
      return byFirst;
    }
    if (!masked) {
      return Violation.protocol("client frames must be masked");
    }
    if (length < 0) {
      return Violation.protocol("the highest bit of a 64-bit length must be 0");
    }
    if (length < (shortLength == 126 ? 126 : shortLength == 127 ? 65_536 : 0)) {
      return Violation.protocol("length not in its shortest form");
    }
    if (Opcode.isControl(opcode()) && !isFin()) {
      return Violation.protocol("fragmented control frame");
    }
    return Opcode.isControl(opcode()) && length > MAX_CONTROL_PAYLOAD
        ? Violation.protocol("control frame above 125 bytes")
        : null;
  }
}
