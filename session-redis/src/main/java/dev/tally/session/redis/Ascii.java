package dev.tally.session.redis;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** What Redis is told, in bytes; what is written for every message without a string on the way. */
final class Ascii {

  private static final String PREFIX = "tally:session:{";
  private static final byte[] NOBODY = of(PREFIX + new UUID(0, 0) + "}");
  private static final byte[] HEX = of("0123456789abcdef");

  private Ascii() {}

  static byte[] of(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Decimal digits of a number that is 0 or more. */
  static byte[] of(long number) {
    int size = 1;
    for (long rest = number; rest >= 10; rest /= 10) {
      size++;
    }
    byte[] digits = new byte[size];
    long rest = number;
    for (int i = size - 1; i >= 0; i--) {
      digits[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return digits;
  }

  /** The key of a session. */
  static byte[] key(UUID session) {
    byte[] key = NOBODY.clone();
    int at = hexBefore(key, key.length - 1, session.getLeastSignificantBits());
    hexBefore(key, at, session.getMostSignificantBits());
    return key;
  }

  /** Writes 16 digits that end before an index, around the dashes; returns where they begin. */
  private static int hexBefore(byte[] key, int end, long number) {
    int at = end;
    for (int shift = 0; shift < Long.SIZE; shift += 4) {
      at -= key[at - 1] == '-' ? 2 : 1;
      key[at] = HEX[(int) (number >>> shift) & 0xf];
    }
    return at;
  }
}
