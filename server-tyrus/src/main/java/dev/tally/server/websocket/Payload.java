package dev.tally.server.websocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What happens to every payload byte: unmasking (RFC 6455, 5.3) and UTF-8 (RFC 3629). */
final class Payload {

  /** State of {@link #utf8}: between two characters. */
  static final int COMPLETE = 0;

  /** State of {@link #utf8}: no continuation can make this UTF-8. */
  static final int INVALID = -1;

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final long HIGH_BITS = 0x8080808080808080L;

  private Payload() {}

  /** The four bytes of a masking key; without the object that a buffer around them would be. */
  static int maskingKey(byte[] bytes, int at) {
    return (int) INTS.get(bytes, at);
  }

  /**
   * Unmasks in place.
   *
   * @param mask the masking key
   * @param phase how many bytes of the payload came before these
   * @return whether all the unmasked bytes are ASCII
   */
  static boolean unmask(byte[] bytes, int from, int to, int mask, long phase) {
    int turned = Integer.rotateLeft(mask, (int) (phase & 3) * 8);
    long wide = ((long) turned << 32) | (turned & 0xffffffffL);
    long seen = 0;
    int at = from;
    for (; at + 8 <= to; at += 8) {
      long plain = (long) LONGS.get(bytes, at) ^ wide;
      LONGS.set(bytes, at, plain);
      seen |= plain;
    }
    for (int shift = 24; at < to; at++, shift = (shift - 8) & 31) {
      bytes[at] ^= (byte) (turned >>> shift);
      seen |= bytes[at] & 0x80;
    }
    return (seen & HIGH_BITS) == 0;
  }

  /**
   * Reads on through UTF-8 that may stop anywhere.
   *
   * <p>The state packs what the next byte must be: how many continuation bytes are left (bits 0-7),
   * and the smallest (8-15) and largest (16-23) next one, which is how overlong forms, surrogates
   * and what is above U+10FFFF are known at the earliest byte.
   *
   * @param state {@link #COMPLETE} at the start, then what the last call returned
   * @return the new state; {@link #INVALID} as soon as it is known
   */
  static int utf8(int state, byte[] bytes, int from, int to) {
    int left = state & 0xff;
    int low = (state >>> 8) & 0xff;
    int high = (state >>> 16) & 0xff;
    for (int at = from; at < to; at++) {
      int b = bytes[at] & 0xff;
      if (left > 0) {
        if (b < low || b > high) {
          return INVALID;
        }
        left--;
        low = 0x80;
        high = 0xbf;
      } else if (b >= 0x80) {
        if (b < 0xc2 || b > 0xf4) {
          return INVALID;
        }
        left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
        high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
      }
    }
    return left == 0 ? COMPLETE : left | (low << 8) | (high << 16);
  }
}
