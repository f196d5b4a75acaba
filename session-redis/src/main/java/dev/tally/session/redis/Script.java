package dev.tally.session.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script. Redis keeps scripts that it has run once, and then runs them by the SHA-1 of their
 * text.
 *
 * @param sha the SHA-1 in hexadecimal
 * @param text the script
 * @param answers how many integers it returns for each key
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared: there are only constants.
record Script(byte[] sha, byte[] text, int answers) {

  static final Script OPEN = load("open.lua", 4);
  static final Script COMMIT = load("commit.lua", 1);

  /** The same script, which returns more if there is a message log. */
  static final Script COMMIT_AND_LOG = new Script(COMMIT.sha(), COMMIT.text(), 3);

  static final Script PARTITIONS = load("partitions.lua", 1);

  private static Script load(String name, int answers) {
    try (InputStream resource = Script.class.getResourceAsStream("scripts/" + name)) {
      if (resource == null) {
        throw new IllegalStateException("the jar does not contain its script " + name);
      }
      byte[] text = resource.readAllBytes();
      byte[] sha = MessageDigest.getInstance("SHA-1").digest(text);
      return new Script(
          HexFormat.of().formatHex(sha).getBytes(StandardCharsets.US_ASCII), text, answers);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }
}
