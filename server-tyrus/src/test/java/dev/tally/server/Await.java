package dev.tally.server;

import dev.tally.chat.testing.Patience;
import java.util.concurrent.Callable;

/** Waits for a condition, and fails if it does not come. */
public final class Await {

  private Await() {}

  /**
   * Looks every few milliseconds, for as long as {@link Patience} says.
   *
   * @throws AssertionError if the condition did not come
   * @throws Exception what the condition throws
   */
  public static void until(Callable<Boolean> condition) throws Exception {
    long start = System.nanoTime();
    while (!condition.call()) {
      if (System.nanoTime() - start > Patience.PATIENCE.toNanos()) {
        throw new AssertionError("did not happen in time");
      }
      Thread.sleep(5);
    }
  }
}
