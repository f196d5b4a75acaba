package dev.tally.chat;

import dev.tally.chat.protocol.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;

/**
 * One heartbeat to every connection, spread over half of the interval between two heartbeats. Sent
 * all at once, thousands of writes would delay the replies to messages. The other half of the
 * interval is left for a round that starts late, so that two rounds never overlap. For one thread.
 */
final class HeartbeatRound {

  static final long STEP_MILLIS = 10;

  private static final int PART_OF_INTERVAL = 2;

  /** A server with few connections sends all of its heartbeats in one step. */
  private static final int LEAST_AT_ONCE = 32;

  private final Iterator<ChatSession> left;
  private final int atOnce;
  private int sent;

  HeartbeatRound(Collection<ChatSession> connections, Duration interval) {
    long steps = Math.max(1, interval.toMillis() / PART_OF_INTERVAL / STEP_MILLIS);
    this.atOnce = (int) Math.max(LEAST_AT_ONCE, connections.size() / steps + 1);
    this.left = connections.iterator();
  }

  /**
   * Sends to the next connections. Call it every {@link #STEP_MILLIS}.
   *
   * @return whether connections are left
   */
  boolean step(Instant now) {
    Reply heartbeat = Reply.heartbeat(now);
    for (int i = 0; i < atOnce && left.hasNext(); i++) {
      if (left.next().push(heartbeat)) {
        sent++;
      }
    }
    return left.hasNext();
  }

  /** How many connections got a heartbeat so far. */
  int sent() {
    return sent;
  }
}
