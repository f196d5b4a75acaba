package dev.tally.chat.protocol;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Names the user that a client acts for, as the {@code sub} of a token does (RFC 7519, 4.1.2). It
 * may be a mail address, so {@link #toString} returns only its {@link #hash()}.
 *
 * @param value the name; not empty. Two subjects are equal if their names have the same characters.
 */
public record Subject(String value) {

  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException if it is empty, or has no form in UTF-8 because of a surrogate
   *     without its other half; the message does not repeat it
   */
  public Subject {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("a subject must not be empty");
    }
    utf8(value);
  }

  /**
   * The name in UTF-8, without replaced characters: two subjects never have the same bytes.
   *
   * @return the bytes, 1 or more
   */
  byte[] utf8() {
    return utf8(value);
  }

  private static byte[] utf8(String value) {
    try {
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
      byte[] bytes = new byte[encoded.remaining()];
      encoded.get(bytes);
      return bytes;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a subject must have a form in UTF-8", e);
    }
  }

  /**
   * A name for logs: the start of the SHA-256 of the subject in UTF-8.
   *
   * @return 12 hexadecimal digits
   */
  public String hash() {
    return Sha256.name(utf8());
  }

  /** The {@link #hash()}, never the name. */
  @Override
  public String toString() {
    return "Subject[" + hash() + "]";
  }
}
