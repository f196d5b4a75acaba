package dev.tally.server.websocket;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Inflates compressed messages (RFC 7692, 7.2.2), each for itself. One for all connections of a
 * selector's thread, and for this thread alone: what it holds is 40 KiB, and the last message up to
 * 64 KiB.
 *
 * <p>What comes out is bounded while it comes out. 64 KiB of input can stand for 64 MiB.
 */
final class MessageInflater {

  /** More than the bound would come out. */
  static final int TOO_LONG = -1;

  /** The input is not what a compressor makes, or a part of it is missing. */
  static final int DAMAGED = -2;

  private static final int KEPT_BYTES = 65_536;
  private static final byte[] EMPTY = {};

  /**
   * The empty block that the sender cut off, then one that says that it is the last. Only after a
   * whole message do both end the data, with nothing more coming out.
   */
  private static final byte[] TAIL = {
    0, 0, (byte) 0xff, (byte) 0xff, 1, 0, 0, (byte) 0xff, (byte) 0xff
  };

  private final Inflater inflater = new Inflater(true);
  private byte[] output = EMPTY;

  /** What the last call made, from 0 on; only lent. */
  byte[] output() {
    return output;
  }

  /** Keeps no more than 64 KiB from one message to the next. */
  void release() {
    if (output.length > KEPT_BYTES) {
      output = EMPTY;
    }
  }

  /**
   * Inflates the payload of one message.
   *
   * @param most bytes that may come out
   * @return how many bytes of {@link #output} are the message; or {@link #TOO_LONG}, {@link
   *     #DAMAGED}
   */
  int inflate(byte[] source, int from, int to, int most) {
    try {
      int size = inflate(source, from, to, 0, most);
      if (size < 0) {
        return size;
      }
      int whole = inflater.finished() ? size : inflate(TAIL, 0, TAIL.length, size, most);
      return whole == size && inflater.finished() && inflater.getRemaining() == 0 ? size : DAMAGED;
    } catch (DataFormatException e) {
      return DAMAGED;
    } finally {
      inflater.reset();
    }
  }

  /** Adds what comes out of some bytes to what has come out so far. */
  private int inflate(byte[] source, int from, int to, int before, int most)
      throws DataFormatException {
    inflater.setInput(source, from, to - from);
    int size = before;
    while (true) {
      if (size == output.length) {
        // One byte more than may come out shows that more would.
        long larger = Math.max(1024, Math.min(2L * size, most + 1L));
        output = Arrays.copyOf(output, (int) larger);
      }
      int count = inflater.inflate(output, size, output.length - size);
      size += count;
      if (size > most) {
        return TOO_LONG;
      }
      if (count == 0) {
        int left = inflater.getRemaining();
        if (!inflater.finished() || left == 0 || source == TAIL) {
          return size;
        }
        // A compressor may end each flush with a last block; another stream follows (7.2.3.4).
        inflater.reset();
        inflater.setInput(source, to - left, left);
      }
    }
  }
}
