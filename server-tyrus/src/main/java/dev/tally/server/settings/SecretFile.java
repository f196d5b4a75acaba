package dev.tally.server.settings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file with one secret. The file is read once, so a pipe such as bash's {@code <(command)} works
 * too. Its text is the path, which may be shown.
 *
 * @param path where the secret is
 * @param secret the content without white space at its end, which editors and {@code echo} add
 */
public record SecretFile(String path, String secret) {

  static final int MAX_BYTES = 65_536;

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException with the path and the rule, if the file cannot be read, or is
   *     empty or too long
   */
  static SecretFile read(String path) {
    byte[] content = content(path);
    String secret = new String(content, StandardCharsets.UTF_8).stripTrailing();
    if (secret.isEmpty() || content.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "'" + path + "' must have between 1 and " + MAX_BYTES + " bytes of text");
    }
    return new SecretFile(path, secret);
  }

  /**
   * All bytes of a file; one more than {@link #MAX_BYTES} if there are more.
   *
   * @throws IllegalArgumentException with the path and the rule, if the file cannot be read
   */
  static byte[] content(String path) {
    try (InputStream file = Files.newInputStream(Path.of(path))) {
      // Bounded: /dev/zero never ends.
      return file.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException("'" + path + "' does not exist", e);
    } catch (AccessDeniedException e) {
      throw new IllegalArgumentException("'" + path + "' cannot be read: permission denied", e);
    } catch (IOException e) {
      throw new IllegalArgumentException("'" + path + "' cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
