package dev.tally.server.websocket;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Hands whole messages over: inflates what is compressed, and checks that a text is UTF-8. One for
 * all connections of a selector thread, and for that thread alone.
 */
final class MessageDelivery {

  private final int maxMessageBytes;
  private @Nullable MessageInflater inflater;

  MessageDelivery(int maxMessageBytes) {
    this.maxMessageBytes = maxMessageBytes;
  }

  /**
   * Hands over a message that is not compressed.
   *
   * @param utf8 whether a text is known to be UTF-8
   * @return why it was not handed over, or null
   */
  @Nullable Violation plain(
      FrameReceiver receiver, int opcode, byte[] bytes, int from, int to, boolean utf8) {
    if (opcode == Opcode.BINARY) {
      receiver.onBinary(Arrays.copyOfRange(bytes, from, to));
    } else if (utf8 || Payload.utf8(Payload.COMPLETE, bytes, from, to) == Payload.COMPLETE) {
      receiver.onText(bytes, from, to);
    } else {
      return Violation.INVALID_UTF8;
    }
    return null;
  }

  /**
   * Inflates a message and hands it over.
   *
   * @return why it was not handed over, or null
   */
  @Nullable Violation inflated(FrameReceiver receiver, int opcode, byte[] bytes, int from, int to) {
    MessageInflater used = inflater();
    try {
      int size = used.inflate(bytes, from, to, maxMessageBytes);
      return switch (size) {
        case MessageInflater.TOO_LONG -> Violation.tooBig(maxMessageBytes);
        case MessageInflater.DAMAGED -> Violation.protocol("compressed data is damaged");
        default -> plain(receiver, opcode, used.output(), 0, size, false);
      };
    } finally {
      used.release();
    }
  }

  /** Made when the first compressed message comes: most servers never need the 40 KiB. */
  private MessageInflater inflater() {
    MessageInflater made = inflater;
    if (made == null) {
      made = new MessageInflater();
      inflater = made;
    }
    return made;
  }
}
