package dev.tally.server.grizzly;

import dev.tally.server.websocket.Liveness;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;

/**
 * Looks at every connection once a round, in place of timers for each: pings silent clients, cuts
 * off dead ones, and ends what holds its part of a budget for too long. A round is spread over its
 * time, since a message that comes while thousands of pings go out would wait for them. For one
 * thread.
 */
final class LivenessSweep {

  private static final long STEP_MILLIS = 10;

  /** Pings that no message waits for noticeably; with fewer connections a round has one step. */
  private static final int LEAST_AT_ONCE = 32;

  private final Liveness liveness;
  private final Collection<WebSocketConnection> connections;
  private final SelectorLoops loops;
  private final long messageTimeoutMillis;
  private final long replyTimeoutMillis;
  private long roundStart = System.nanoTime();
  private Iterator<WebSocketConnection> round = Collections.emptyIterator();
  private int stepsLeft;
  private int atOnce;
  private long stepMillis;

  /**
   * Makes a sweep that looks at nothing yet.
   *
   * @param connections a live view of all that are open
   */
  LivenessSweep(
      Liveness liveness,
      Collection<WebSocketConnection> connections,
      SelectorLoops loops,
      WebSocketSettings settings) {
    this.liveness = liveness;
    this.connections = connections;
    this.loops = loops;
    this.messageTimeoutMillis = settings.messageTimeout().toMillis();
    // As long as a client may be silent.
    this.replyTimeoutMillis = 2 * settings.heartbeat().toMillis();
  }

  /** Whether every connection was looked at, and the next step begins another round. */
  boolean isRoundOver() {
    return stepsLeft == 0;
  }

  /**
   * Looks at the next few connections.
   *
   * @return milliseconds until the next call
   */
  long step() {
    if (stepsLeft == 0) {
      beginRound();
    }
    stepsLeft--;
    for (int i = 0; (i < atOnce || stepsLeft == 0) && round.hasNext(); i++) {
      check(round.next());
    }
    return stepMillis;
  }

  private void check(WebSocketConnection connection) {
    if (connection.isOpen()) {
      if (connection.isPaused()) {
        // What the client sends is not read, so its silence says nothing.
        connection.noteReceived();
      }
      switch (liveness.check(connection.lastReceived())) {
        case PING -> connection.ping();
        case DEAD -> connection.cutOff("dead_peer");
        case ALIVE -> {
          // Nothing to do.
        }
      }
    } else if (connection.isClosing()) {
      if (liveness.isCloseOverdue(connection.lastReceived())) {
        connection.abort();
      } else {
        // A safety net: the turn ends the connection if both close frames are through.
        connection.wantTurn();
      }
    }
  }

  private void beginRound() {
    long millis = (System.nanoTime() - roundStart) / 1_000_000;
    roundStart += millis * 1_000_000;
    liveness.beginRound(millis);
    long now = liveness.now();
    loops.evictOverdue(now - messageTimeoutMillis, now - replyTimeoutMillis);
    int size = connections.size();
    long steps = Math.min(size / LEAST_AT_ONCE, liveness.roundMillis() / STEP_MILLIS);
    stepsLeft = (int) Math.max(1, steps);
    atOnce = size / stepsLeft + 1;
    stepMillis = liveness.roundMillis() / stepsLeft;
    round = connections.iterator();
  }
}
