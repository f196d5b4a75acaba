package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import java.util.Collections;
import java.util.Iterator;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * All WebSockets, and what they share. One sweep over them takes the place of a timer for each.
 * Safe for concurrent use.
 */
final class ConnectionRegistry {

  private static final long STEP_MILLIS = 10;

  /** Pings that no message waits for noticeably; with fewer connections a round has one step. */
  private static final int LEAST_AT_ONCE = 32;

  private static final byte[] PING = {(byte) 0x89, 0};

  private final WebSocketSettings settings;
  private final ChatMetrics metrics;
  private final MonotonicClock time;
  private final ConnectionLimits limits;
  private final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();
  private final Set<SelectorLoop> loops = ConcurrentHashMap.newKeySet();
  private final BufferBudgets budgets;
  private final FrameRate frameRate;
  private final Queue<WebSocketConnection> throttled = new ConcurrentLinkedQueue<>();
  private final LongAdder pauses = new LongAdder();
  private final Liveness liveness;
  private long roundStart = System.nanoTime();
  private Iterator<WebSocketConnection> round = Collections.emptyIterator();
  private int stepsLeft;
  private int atOnce;
  private long stepMillis;

  ConnectionRegistry(WebSocketSettings settings, ChatMetrics metrics, MonotonicClock time) {
    this.settings = settings;
    this.metrics = metrics;
    this.time = time;
    this.limits =
        new ConnectionLimits(settings.maxConnections(), settings.maxConnectionsPerAddress());
    this.frameRate = new FrameRate(settings.smallFramesPerSecond(), time);
    this.budgets = BufferBudgets.of(settings.maxBufferedBytes());
    this.liveness = new Liveness(settings.heartbeat(), settings.closeTimeout());
  }

  WebSocketSettings settings() {
    return settings;
  }

  ChatMetrics metrics() {
    return metrics;
  }

  ConnectionLimits limits() {
    return limits;
  }

  BufferBudgets budgets() {
    return budgets;
  }

  Liveness liveness() {
    return liveness;
  }

  /** The reason of a close with 1013. */
  String retryHint() {
    return "retry_after_ms=" + settings.retryAfter().toMillis();
  }

  byte[] ping() {
    return PING;
  }

  @Nullable MessageRate newRate() {
    return settings.messagesPerSecond() == 0
        ? null
        : new MessageRate(settings.messagesPerSecond(), settings.messageBurst(), time);
  }

  FrameRate frameRate() {
    return frameRate;
  }

  /** A client is ahead of its rate, and not read from until {@link #resumeThrottled} has come. */
  void throttled(WebSocketConnection connection) {
    pauses.increment();
    throttled.add(connection);
  }

  /** It still is when its turn came. */
  void stillThrottled(WebSocketConnection connection) {
    throttled.add(connection);
  }

  /** Gives those a turn that were ahead of their rate. */
  void resumeThrottled() {
    for (int left = throttled.size(); left > 0; left--) {
      WebSocketConnection next = throttled.poll();
      if (next != null) {
        next.wantTurn();
      }
    }
  }

  /** How often reading was stopped because a client was ahead of its rate. */
  long pauses() {
    return pauses.sum();
  }

  void add(SelectorLoop loop) {
    loops.add(loop);
  }

  void add(WebSocketConnection connection) {
    connections.add(connection);
  }

  void remove(WebSocketConnection connection) {
    if (connections.remove(connection)) {
      limits.release(connection.client().address());
    }
  }

  /** Whether the sweep has come by every connection, and begins anew with its next step. */
  boolean isRoundOver() {
    return stepsLeft == 0;
  }

  /**
   * Ticks the next few connections, so that each has its tick once a round: all at once, whoever
   * sends a message would wait for thousands of pings. For one thread.
   *
   * @return milliseconds until the next call
   */
  long sweep() {
    if (stepsLeft == 0) {
      beginRound();
    }
    stepsLeft--;
    for (int i = 0; (i < atOnce || stepsLeft == 0) && round.hasNext(); i++) {
      round.next().tick();
    }
    return stepMillis;
  }

  private void beginRound() {
    long millis = (System.nanoTime() - roundStart) / 1_000_000;
    roundStart += millis * 1_000_000;
    liveness.beginRound(millis);
    long now = liveness.now();
    long messages = now - settings.messageTimeout().toMillis();
    long replies = now - 2 * settings.heartbeat().toMillis();
    loops.forEach(loop -> loop.endOverdue(messages, replies));
    int size = connections.size();
    long steps = Math.min(size / LEAST_AT_ONCE, liveness.roundMillis() / STEP_MILLIS);
    stepsLeft = (int) Math.max(1, steps);
    atOnce = size / stepsLeft + 1;
    stepMillis = liveness.roundMillis() / stepsLeft;
    round = connections.iterator();
  }

  void terminateAll() {
    connections.forEach(WebSocketConnection::terminate);
  }

  long queuedBytes() {
    return connections.stream().mapToLong(WebSocketConnection::queuedBytes).sum();
  }
}
