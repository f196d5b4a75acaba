package dev.tally.server;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.tally.server.grizzly.WebSocketServer;
import java.lang.management.ManagementFactory;

/** How many connections the process has file descriptors for. */
final class FileDescriptors {

  /** The spare sockets; and jars, listeners, the store's connections, and scrapes. */
  private static final long RESERVED = WebSocketServer.SPARE_SOCKETS + 128;

  private static final int UNKNOWN = 10_000;

  private FileDescriptors() {}

  /** The JVM has raised its soft limit to the hard one by now (-XX:+MaxFDLimit, the default). */
  static long most() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        ? system.getMaxFileDescriptorCount()
        : Long.MAX_VALUE;
  }

  static int connectionLimit() {
    long most = most();
    return most == Long.MAX_VALUE ? UNKNOWN : connectionLimit(most);
  }

  static int connectionLimit(long maxFileDescriptors) {
    long limit = Math.max(maxFileDescriptors / 4, maxFileDescriptors - RESERVED);
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, limit));
  }

  /** Whether the listener refuses connections in time: it cannot once the kernel does. */
  static boolean suffice(int connections) {
    return (long) connections + WebSocketServer.SPARE_SOCKETS <= most();
  }
}
