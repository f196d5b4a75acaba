package dev.tally.server.settings;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How many connections the process has file descriptors for. */
public final class FileDescriptors {

  /** Jars, listeners, the store's connections, and the admin port's. */
  private static final long OWN = 128;

  /** Where the system does not say, as on Windows. */
  private static final int UNKNOWN = 10_000;

  private FileDescriptors() {}

  /** The JVM has raised its soft limit to the hard one by now (-XX:+MaxFDLimit, the default). */
  public static long most() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        ? system.getMaxFileDescriptorCount()
        : Long.MAX_VALUE;
  }

  public static int connectionLimit(int spareConnections) {
    long most = most();
    return most == Long.MAX_VALUE ? UNKNOWN : connectionLimit(most, spareConnections);
  }

  public static int connectionLimit(long maxFileDescriptors, int spareConnections) {
    // With few descriptors the spare ones would be all there are; a quarter is for WebSockets then.
    long limit = Math.max(maxFileDescriptors / 4, maxFileDescriptors - spareConnections - OWN);
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, limit));
  }

  /** Whether the listener refuses connections in time: it cannot once the kernel does. */
  public static boolean suffice(int connections, int spareConnections) {
    return (long) connections + spareConnections <= most();
  }
}
