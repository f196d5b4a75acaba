package dev.tally.session.redis;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Keys and arguments of commands as bytes. Numbers and session keys are part of every message's
 * commit, so they are written without a string in between.
 */
final class Ascii {

  private static final byte[] NIL = of(new UUID(0, 0).toString());
  private static final byte[] HEX = of("0123456789abcdef");

  private Ascii() {}

  static byte[] of(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** The decimal digits of a number, 0 or more. */
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

  /** The 36 characters of a UUID, in lower case. */
  static byte[] of(UUID uuid) {
    byte[] text = NIL.clone();
    write(uuid, text, text.length);
    return text;
  }

  /**
   * Writes a UUID, in lower case, over the one that stands in a text.
   *
   * @param text changed from {@code end - 36} on
   * @param end the index after the UUID
   */
  static void write(UUID uuid, byte[] text, int end) {
    int at = hexBefore(text, end, uuid.getLeastSignificantBits());
    hexBefore(text, at, uuid.getMostSignificantBits());
  }

  /**
   * Writes the 16 hexadecimal digits of a number before an index, last digit first, and skips the
   * dashes of the UUID.
   *
   * @return the index of the first digit
   */
  private static int hexBefore(byte[] key, int end, long number) {
    int at = end;
    for (int shift = 0; shift < Long.SIZE; shift += 4) {
      at -= key[at - 1] == '-' ? 2 : 1;
      key[at] = HEX[(int) (number >>> shift) & 0xf];
    }
    return at;
  }
}
