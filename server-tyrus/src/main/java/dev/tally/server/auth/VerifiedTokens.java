package dev.tally.server.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that were found valid last, by their SHA-256: a check of ES256 or EdDSA takes half a
 * millisecond, and after a failure of the network thousands of clients come back at once with the
 * tokens that they had. Safe for concurrent use.
 */
final class VerifiedTokens {

  /** About 3 MB. Only valid tokens are here, so a stranger cannot push out those of others. */
  static final int MAX = 10_000;

  private final Map<ByteBuffer, Authenticated> tokens =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Authenticated> eldest) {
          return size() > MAX;
        }
      };

  private @Nullable KeySet checkedWith;

  /** What a token says, if it was found valid with the same keys. It may be expired since. */
  synchronized @Nullable Authenticated get(KeySet keys, ByteBuffer digest) {
    return keys == checkedWith ? tokens.get(digest) : null;
  }

  /** Notes a valid token. Keys that changed forget all: one of them may have been withdrawn. */
  synchronized void put(KeySet keys, ByteBuffer digest, Authenticated client) {
    if (keys != checkedWith) {
      tokens.clear();
      checkedWith = keys;
    }
    tokens.put(digest, client);
  }

  /** In place of the token: 32 bytes in place of a kilobyte, and no secret in a heap dump. */
  static ByteBuffer digest(String token) {
    try {
      return ByteBuffer.wrap(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
