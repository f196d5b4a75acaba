package dev.tally.chat.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/**
 * How long tests wait for what must come: so long that a busy machine with one core makes it, since
 * only a failure waits to the end.
 */
public final class Patience {

  /** For a single condition. */
  public static final Duration PATIENCE = Duration.ofMinutes(2);

  private Patience() {}

  /**
   * Awaitility's own, with {@link #PATIENCE}.
   *
   * @return what to give the condition to
   */
  public static ConditionFactory await() {
    return Awaitility.await().atMost(PATIENCE);
  }
}
