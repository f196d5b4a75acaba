package dev.tally.session.redis.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ThreadLocalRandom;

/** Free ports for tests that must know the port before the server starts. */
public final class FreePort {

  private FreePort() {}

  /**
   * Picks a port of the loopback interface on which no process listens. It is below the range that
   * the system uses for outgoing connections, and reserved for an hour in the directory that {@code
   * ops/free-port.sh} uses too. So tests that run at the same time never get the same port.
   *
   * @return the port
   */
  public static int pick() {
    try {
      Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      Path reserved = Files.createDirectories(Path.of("/tmp/tally-ports-" + user));
      while (true) {
        int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
        if (isReserved(reserved.resolve(Integer.toString(port)))) {
          continue;
        }
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
          return socket.getLocalPort();
        } catch (BindException e) {
          // A process listens there: try another one.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether another test has it; if not, reserves it. */
  private static boolean isReserved(Path port) throws IOException {
    try {
      Files.createFile(port);
      return false;
    } catch (FileAlreadyExistsException e) {
      Instant made = Files.getLastModifiedTime(port).toInstant();
      if (made.isBefore(Instant.now().minus(1, ChronoUnit.HOURS))) {
        Files.deleteIfExists(port);
      }
      return true;
    }
  }
}
