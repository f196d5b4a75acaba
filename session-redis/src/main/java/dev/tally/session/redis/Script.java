package dev.tally.session.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script that Redis knows by the SHA-1 of its text once it has seen it.
 *
 * @param sha in hexadecimal
 * @param text what Redis runs
 * @param answers how many integers it answers for each key
 */
@SuppressWarnings("ArrayRecordComponent") // never compared: the scripts are two constants
record Script(byte[] sha, byte[] text, int answers) {

  static final Script OPEN = load("open.lua", 4);
  static final Script COMMIT = load("commit.lua", 1);

  private static Script load(String name, int answers) {
    try (InputStream resource = Script.class.getResourceAsStream("scripts/" + name)) {
      if (resource == null) {
        throw new IllegalStateException("the jar lacks its script " + name);
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
