package dev.tally.server;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Ends the process, with a sentence, once memory has run out: some thread has lost its work then,
 * and a process that is started again is better than one that hangs. With {@code
 * -XX:+ExitOnOutOfMemoryError} the JVM does so itself; this is for a plain {@code java -jar}, where
 * no flag can be given in the jar.
 *
 * <p>It sees what ends a thread, and what is logged by those who catch everything.
 */
final class OutOfMemory {

  /** The JVM's own in this case. */
  static final int EXIT_CODE = 3;

  /** Causes may form a circle. */
  private static final int MOST_CAUSES = 10;

  // Made before there is no memory to make them.
  private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);
  private static final byte[] SENTENCE =
      ("tally-server: out of memory, with a heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB: give it more (-Xmx), or lower --max-sessions, --max-connections,"
              + " --max-buffered-bytes or --max-pending-bytes\n")
          .getBytes(StandardCharsets.UTF_8);

  private OutOfMemory() {}

  /** Watches over every thread that has no handler of its own. */
  static void endTheProcess() {
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> {
          endTheProcessIf(e);
          System.err.print("Exception in thread \"" + thread.getName() + "\" ");
          e.printStackTrace();
        });
  }

  /** Ends the process if that is what was thrown, be it as a cause. */
  static void endTheProcessIf(Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < MOST_CAUSES && cause != null; i++, cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError) {
        try {
          ERR.write(SENTENCE);
        } catch (IOException e) {
          // The exit code says it, too.
        }
        // Not exit: that runs hooks, which need memory too.
        Runtime.getRuntime().halt(EXIT_CODE);
      }
    }
  }
}
