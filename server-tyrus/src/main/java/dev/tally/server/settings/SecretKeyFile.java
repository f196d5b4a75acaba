package dev.tally.server.settings;

import java.util.Arrays;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * A file with a key of bytes. Its text is the path, which may be shown.
 *
 * @param path where the key is
 * @param key the bytes of the file without a last newline, which editors and {@code echo} add
 */
record SecretKeyFile(String path, SecretKey key) {

  /** RFC 7518, section 3.2: as long as the digest. */
  private static final int MIN_BYTES = 32;

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException with the path and the rule, if the file cannot be read, or the
   *     key is too short
   */
  static SecretKeyFile read(String path) {
    byte[] content = SecretFile.content(path);
    int length = content.length;
    if (length > 0 && content[length - 1] == '\n') {
      length -= length > 1 && content[length - 2] == '\r' ? 2 : 1;
    }
    if (content.length > SecretFile.MAX_BYTES) {
      throw new IllegalArgumentException(
          "'" + path + "' has more than " + SecretFile.MAX_BYTES + " bytes");
    }
    if (length < MIN_BYTES) {
      throw new IllegalArgumentException(
          "'" + path + "' has " + length + " bytes without its last newline, and needs 32 or more");
    }
    return new SecretKeyFile(path, new SecretKeySpec(Arrays.copyOf(content, length), "HmacSHA256"));
  }

  @Override
  public String toString() {
    return path;
  }
}
