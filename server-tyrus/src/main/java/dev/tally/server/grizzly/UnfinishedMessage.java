package dev.tally.server.grizzly;

import dev.tally.chat.protocol.CloseCode;
import java.util.Arrays;

/**
 * The part of a message that has come. It grows with what comes, and what it holds is the budget's.
 * For the connection's selector thread.
 */
final class UnfinishedMessage implements Holdings.Holder {

  private static final byte[] EMPTY = {};

  private final FrameReader reader;
  private final SelectorLoop loop;
  private final int opcode;
  private final boolean compressed;
  private final long since;
  private byte[] bytes = EMPTY;
  private int size;
  private boolean held;

  /** Of {@link Payload#utf8}, for text. */
  private int utf8 = Payload.COMPLETE;

  UnfinishedMessage(FrameReader reader, SelectorLoop loop, int opcode, boolean compressed) {
    this.reader = reader;
    this.loop = loop;
    this.opcode = opcode;
    this.compressed = compressed;
    this.since = loop.now();
  }

  int opcode() {
    return opcode;
  }

  int size() {
    return size;
  }

  /** The bytes up to {@link #size}; only lent. */
  byte[] bytes() {
    return bytes;
  }

  /**
   * Whether what comes next continues the text, or ends it, as UTF-8. Of a compressed text this is
   * known only when it is whole.
   *
   * @return false as soon as no continuation can make it UTF-8
   */
  boolean readsOn(byte[] source, int from, int to, boolean ascii) {
    if (opcode == FrameReader.TEXT && !compressed && !(ascii && utf8 == Payload.COMPLETE)) {
      utf8 = Payload.utf8(utf8, source, from, to);
    }
    return utf8 != Payload.INVALID;
  }

  boolean isWholeText() {
    return utf8 == Payload.COMPLETE;
  }

  /**
   * Adds what came.
   *
   * @param most what it will have at the most
   * @return false if the budget has no room for it
   */
  boolean add(byte[] source, int from, int to, int most) {
    int needed = size + to - from;
    int capacity = bytes.length;
    if (needed > capacity) {
      // A quarter more than came, so that thousands of fragments are not copied thousands of times.
      capacity = capacity == 0 ? needed : (int) Math.min(needed + needed / 4L, most);
    }
    if (!held || capacity > bytes.length) {
      int more = capacity - bytes.length;
      if (!loop.messages().take(this, held ? more : more + Holdings.UPKEEP_BYTES)) {
        return false;
      }
      held = true;
      bytes = Arrays.copyOf(bytes, capacity);
    }
    System.arraycopy(source, from, bytes, size, to - from);
    size = needed;
    return true;
  }

  /** Gives everything back, once. */
  void end() {
    if (held) {
      held = false;
      loop.messages().giveBack(this, bytes.length + Holdings.UPKEEP_BYTES);
    }
    bytes = EMPTY;
  }

  @Override
  public long since() {
    return since;
  }

  @Override
  public void giveWay(boolean overdue) {
    end();
    if (overdue) {
      reader.giveUp(CloseCode.POLICY_VIOLATION, "message not finished in time", "message_timeout");
    } else {
      reader.giveUp(CloseCode.TRY_AGAIN_LATER, loop.retryHint(), "buffers_full");
    }
  }
}
