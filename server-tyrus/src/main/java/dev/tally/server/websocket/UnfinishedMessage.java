package dev.tally.server.websocket;

import java.util.Arrays;

/**
 * The part of a message that has come. Its buffer grows with what comes, never ahead of it by what
 * a header announces: otherwise a client could make the server hold a message by sending its
 * header. What the buffer takes is charged to the budget. For the connection's selector thread.
 */
final class UnfinishedMessage {

  private static final byte[] EMPTY = {};

  private final BudgetShare share;
  private final BudgetShare.Holder holder;
  private final int opcode;
  private final boolean compressed;
  private final long since;
  private byte[] bytes = EMPTY;
  private int size;
  private boolean charged;

  /** State of {@link Payload#utf8}, for text. */
  private int utf8 = Payload.COMPLETE;

  /**
   * Makes one that holds nothing.
   *
   * @param holder what closes the connection if the budget needs the bytes
   * @param since when it began, by the clock of the share's holders
   */
  UnfinishedMessage(
      BudgetShare share, BudgetShare.Holder holder, int opcode, boolean compressed, long since) {
    this.share = share;
    this.holder = holder;
    this.opcode = opcode;
    this.compressed = compressed;
    this.since = since;
  }

  int opcode() {
    return opcode;
  }

  long since() {
    return since;
  }

  int size() {
    return size;
  }

  /** The bytes up to {@link #size}; only lent. */
  byte[] bytes() {
    return bytes;
  }

  /**
   * Checks that the text goes on as UTF-8. A compressed text is checked only when it is whole.
   *
   * @param ascii whether all these bytes are ASCII, which the caller knows from unmasking them
   * @return false as soon as no continuation can make it UTF-8
   */
  boolean isUtf8With(byte[] source, int from, int to, boolean ascii) {
    if (opcode == Opcode.TEXT && !compressed && !(ascii && utf8 == Payload.COMPLETE)) {
      utf8 = Payload.utf8(utf8, source, from, to);
    }
    return utf8 != Payload.INVALID;
  }

  /** Whether the text does not end in the middle of a character. */
  boolean isWholeUtf8() {
    return utf8 == Payload.COMPLETE;
  }

  /**
   * Adds what came.
   *
   * @param most bytes that the whole message may have
   * @return false if the budget has no room for it
   */
  boolean add(byte[] source, int from, int to, int most) {
    int needed = size + to - from;
    int capacity = bytes.length;
    if (needed > capacity) {
      // A quarter more than came, so that thousands of fragments are not copied thousands of times.
      capacity = capacity == 0 ? needed : (int) Math.min(needed + needed / 4L, most);
    }
    if (!charged || capacity > bytes.length) {
      int more = capacity - bytes.length;
      if (!share.take(holder, charged ? more : more + BudgetShare.HOLDER_BYTES)) {
        return false;
      }
      charged = true;
      bytes = Arrays.copyOf(bytes, capacity);
    }
    System.arraycopy(source, from, bytes, size, to - from);
    size = needed;
    return true;
  }

  /** Gives everything back to the budget. Any number of times. */
  void end() {
    if (charged) {
      charged = false;
      share.giveBack(holder, bytes.length + BudgetShare.HOLDER_BYTES);
    }
    bytes = EMPTY;
  }
}
