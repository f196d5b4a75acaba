package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * All WebSockets, and what they share. One sweep over them takes the place of a timer for each.
 * Safe for concurrent use.
 */
final class ConnectionRegistry {

  static final long STEP_MILLIS = 10;

  private static final byte[] PING = {(byte) 0x89, 0};

  private final WebSocketSettings settings;
  private final ChatMetrics metrics;
  private final InstantSource clock;
  private final ConnectionLimits limits;
  private final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();
  private final Duration sweep;
  private final int pingTicks;
  private final int deadTicks;
  private final int closeTicks;
  private Iterator<WebSocketConnection> round = Collections.emptyIterator();
  private int stepsLeft;
  private int atOnce;

  ConnectionRegistry(WebSocketSettings settings, ChatMetrics metrics, InstantSource clock) {
    this.settings = settings;
    this.metrics = metrics;
    this.clock = clock;
    this.limits =
        new ConnectionLimits(settings.maxConnections(), settings.maxConnectionsPerAddress());
    long eighth = Math.min(settings.heartbeat().toMillis(), settings.closeTimeout().toMillis()) / 8;
    this.sweep = Duration.ofMillis(Math.max(10, Math.min(1000, eighth)));
    // Here, not at each tick: dividing durations makes several big numbers.
    this.pingTicks = (int) Math.max(1, settings.heartbeat().dividedBy(sweep) - 1);
    this.deadTicks = (int) Math.max(2, settings.heartbeat().multipliedBy(2).dividedBy(sweep) - 1);
    this.closeTicks = (int) Math.max(2, settings.closeTimeout().dividedBy(sweep));
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

  /** Time between two ticks of a connection. */
  Duration sweepInterval() {
    return sweep;
  }

  byte[] ping() {
    return PING;
  }

  int pingTicks() {
    return pingTicks;
  }

  int deadTicks() {
    return deadTicks;
  }

  int closeTicks() {
    return closeTicks;
  }

  @Nullable MessageRate newRate() {
    return settings.messagesPerSecond() == 0
        ? null
        : new MessageRate(settings.messagesPerSecond(), settings.messageBurst(), clock);
  }

  void add(WebSocketConnection connection) {
    connections.add(connection);
  }

  void remove(WebSocketConnection connection) {
    if (connections.remove(connection)) {
      limits.release(connection.client().address());
    }
  }

  /**
   * Ticks the next few connections, so that each has its tick once in {@link #sweepInterval}: all
   * at once, whoever sends a message would wait for thousands of pings. For one thread, each {@link
   * #STEP_MILLIS}.
   */
  void sweep() {
    if (stepsLeft == 0) {
      stepsLeft = (int) (sweep.toMillis() / STEP_MILLIS);
      round = connections.iterator();
      atOnce = connections.size() / stepsLeft + 1;
    }
    stepsLeft--;
    for (int i = 0; (i < atOnce || stepsLeft == 0) && round.hasNext(); i++) {
      round.next().tick();
    }
  }

  void terminateAll() {
    connections.forEach(WebSocketConnection::terminate);
  }

  long queuedBytes() {
    return connections.stream().mapToLong(WebSocketConnection::queuedBytes).sum();
  }
}
