package dev.tally.server.auth;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/**
 * A public key of Ed25519 (RFC 8037). The JDK checks its signatures; Nimbus would need Tink for it,
 * a library of 2 MB. Immutable.
 */
final class Ed25519Key {

  private static final int BYTES = 32;

  /** What stands before the key in a SubjectPublicKeyInfo (RFC 8410, section 4). */
  private static final byte[] PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private final PublicKey key;

  /**
   * Reads a key.
   *
   * @param x the key set's {@code x}, decoded
   * @throws GeneralSecurityException if it is no such key
   */
  Ed25519Key(byte[] x) throws GeneralSecurityException {
    if (x.length != BYTES) {
      throw new GeneralSecurityException("a key of Ed25519 has 32 bytes");
    }
    byte[] encoded = new byte[PREFIX.length + BYTES];
    System.arraycopy(PREFIX, 0, encoded, 0, PREFIX.length);
    System.arraycopy(x, 0, encoded, PREFIX.length, BYTES);
    key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }

  /** Whether the key made a signature. */
  boolean isBy(byte[] signed, byte[] signature) throws GeneralSecurityException {
    Signature check = Signature.getInstance("Ed25519");
    check.initVerify(key);
    check.update(signed);
    return check.verify(signature);
  }
}
