package dev.tally.server;

import java.util.concurrent.Callable;

/** Waits for a condition, and fails if it does not come. */
public final class Await {

  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private Await() {}

  /**
   * Looks every few milliseconds, for a minute.
   *
   * @throws AssertionError if the condition did not come
   * @throws Exception what the condition throws
   */
  public static void until(Callable<Boolean> condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.call()) {
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new AssertionError("did not happen in time");
      }
      Thread.sleep(5);
    }
  }
}
