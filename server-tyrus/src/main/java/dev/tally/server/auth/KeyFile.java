package dev.tally.server.auth;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A key set in a file. */
final class KeyFile implements KeySource {

  private final Path path;

  /** Its time of change, length and inode: a rename may put an older file in its place. */
  private List<Object> last = List.of();

  KeyFile(Path path) {
    this.path = path;
  }

  @Override
  public Optional<String> read() throws IOException {
    try {
      BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
      List<Object> now =
          List.of(file.lastModifiedTime(), file.size(), String.valueOf(file.fileKey()));
      if (now.equals(last)) {
        return Optional.empty();
      }
      String json = content();
      last = now;
      return Optional.of(json);
    } catch (NoSuchFileException e) {
      throw new IOException("it does not exist", e);
    } catch (AccessDeniedException e) {
      throw new IOException("permission denied", e);
    }
  }

  private String content() throws IOException {
    try (InputStream file = Files.newInputStream(path)) {
      byte[] bytes = file.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException("it is longer than " + MAX_BYTES + " bytes");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  @Override
  public Duration interval() {
    return Duration.ofSeconds(1);
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
