package dev.tally.chat.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Names a session. A client that knows it can resume the session, so it is a bearer secret: {@link
 * #toString} returns only its {@link #hash()}.
 *
 * @param value the secret itself
 */
public record SessionId(UUID value) {

  private static final Pattern CANONICAL =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private static final UUID NIL = new UUID(0, 0);
  private static final UUID MAX = new UUID(-1, -1);

  /**
   * Makes a random session id, with a cryptographically strong generator.
   *
   * @return a session id that cannot be guessed
   */
  public static SessionId random() {
    return new SessionId(UUID.randomUUID());
  }

  /**
   * Reads the canonical form (RFC 9562, section 4), in either case. Every version is accepted. The
   * nil and the max UUID are not: all clients that use one of them, by mistake or as a placeholder,
   * would share a session.
   *
   * @param text 36 characters
   * @return the session id
   * @throws IllegalArgumentException if the text is anything else; the message does not repeat it
   */
  public static SessionId parse(String text) {
    if (text.length() != 36 || !CANONICAL.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "session_id must be a UUID of 36 characters, such as 123e4567-e89b-42d3-a456-426614174000");
    }
    UUID value = UUID.fromString(text);
    if (value.equals(NIL) || value.equals(MAX)) {
      throw new IllegalArgumentException("session_id must be a random UUID, not all zeros or ones");
    }
    return new SessionId(value);
  }

  /**
   * The canonical form, in lower case. Secret: only for the client and the store.
   *
   * @return 36 characters
   */
  public String text() {
    return value.toString();
  }

  /**
   * Names the session that a subject has under this id. A subject that presents the id of another
   * one gets a session of its own: two pairs of subject and id never have the same key.
   *
   * <p>The key is a UUID of version 8 (RFC 9562, 5.8). It is made from the SHA-256 of the 16 bytes
   * of the id and the subject's name in UTF-8. As the id has a fixed length, no two pairs have the
   * same bytes.
   *
   * @param subject the user
   * @return the key; a client that presents it as its id gets another session
   */
  public SessionId ownedBy(Subject subject) {
    byte[] id = new byte[16];
    ByteBuffer.wrap(id)
        .putLong(value.getMostSignificantBits())
        .putLong(value.getLeastSignificantBits());
    ByteBuffer digest = ByteBuffer.wrap(Sha256.of(id, subject.utf8()));
    long high = (digest.getLong() & ~0xF000L) | 0x8000L;
    long low = (digest.getLong() & ~(0b11L << 62)) | (0b10L << 62);
    return new SessionId(new UUID(high, low));
  }

  /**
   * A name for logs: the start of the SHA-256 of the canonical form.
   *
   * @return 12 hexadecimal digits
   */
  public String hash() {
    return Sha256.name(text().getBytes(StandardCharsets.US_ASCII));
  }

  /** The {@link #hash()}, never the secret. */
  @Override
  public String toString() {
    return "SessionId[" + hash() + "]";
  }
}
