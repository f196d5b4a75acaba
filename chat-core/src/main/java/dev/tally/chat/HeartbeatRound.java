package dev.tally.chat;

import dev.tally.chat.protocol.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;

/**
 * One heartbeat to everybody, spread over half of the time between two: all at once, whoever sends
 * a message would wait for thousands of writes. The other half is room for a round that comes late,
 * so that two never overlap. For one thread.
 */
final class HeartbeatRound {

  static final long STEP_MILLIS = 10;

  private static final int PART_OF_INTERVAL = 2;

  /** So many are no burden, and a small server is through in one step. */
  private static final int LEAST_AT_ONCE = 32;

  private final Iterator<ChatSession> left;
  private final int atOnce;
  private int sent;

  HeartbeatRound(Collection<ChatSession> connections, Duration interval) {
    long steps = Math.max(1, interval.toMillis() / PART_OF_INTERVAL / STEP_MILLIS);
    this.atOnce = (int) Math.max(LEAST_AT_ONCE, connections.size() / steps + 1);
    this.left = connections.iterator();
  }

  /** Sends to the next ones; whether somebody is left. Call it every {@link #STEP_MILLIS}. */
  boolean step(Instant now) {
    Reply heartbeat = Reply.heartbeat(now);
    for (int i = 0; i < atOnce && left.hasNext(); i++) {
      if (left.next().push(heartbeat)) {
        sent++;
      }
    }
    return left.hasNext();
  }

  /** How many got one so far. */
  int sent() {
    return sent;
  }
}
