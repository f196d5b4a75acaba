package dev.tally.server;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How many connections the process has file descriptors for. */
final class FileDescriptors {

  /** Jars, listeners, the store's connections, scrapes, and refusals that are still being sent. */
  private static final long RESERVED = 256;

  private static final int UNKNOWN = 10_000;

  private FileDescriptors() {}

  /** The JVM has raised its soft limit to the hard one by now (-XX:+MaxFDLimit, the default). */
  static int connectionLimit() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      return connectionLimit(system.getMaxFileDescriptorCount());
    }
    return UNKNOWN;
  }

  static int connectionLimit(long maxFileDescriptors) {
    long limit = Math.max(maxFileDescriptors / 2, maxFileDescriptors - RESERVED);
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, limit));
  }
}
