package dev.tally.server.grizzly;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

/**
 * The connections that are not read from because their clients are ahead of the message rate. One
 * look at all of them, twenty times a second, takes the place of a timer for each. Safe for
 * concurrent use.
 */
final class PausedReaders {

  /** How often {@link #wake} should be called. */
  static final int WAKE_MILLIS = 50;

  private final Queue<LoopConnection> paused = new ConcurrentLinkedQueue<>();
  private final LongAdder pauses = new LongAdder();

  /** Not read from until it gets a turn after {@link #wake}. */
  void add(LoopConnection connection) {
    pauses.increment();
    paused.add(connection);
  }

  /** It had its turn, and its client is still ahead: the same pause goes on. */
  void addAgain(LoopConnection connection) {
    paused.add(connection);
  }

  /** Gives all of them a turn, in which they read on if their rate allows it. */
  void wake() {
    for (int left = paused.size(); left > 0; left--) {
      LoopConnection next = paused.poll();
      if (next != null) {
        next.wantTurn();
      }
    }
  }

  /** How often reading was stopped, since the start. */
  long pauses() {
    return pauses.sum();
  }
}
