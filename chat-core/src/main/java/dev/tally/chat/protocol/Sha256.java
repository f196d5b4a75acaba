package dev.tally.chat.protocol;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** SHA-256 (FIPS 180-4), for names that do not tell what they name. */
final class Sha256 {

  private static final int NAME_BYTES = 6;

  private Sha256() {}

  /** The digest of all parts, one after the other: 32 bytes. */
  static byte[] of(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The first 12 hexadecimal digits of the digest. */
  static String name(byte[] secret) {
    return HexFormat.of().formatHex(of(secret), 0, NAME_BYTES).toLowerCase(Locale.ROOT);
  }
}
