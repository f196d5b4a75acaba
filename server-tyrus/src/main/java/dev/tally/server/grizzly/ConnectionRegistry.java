package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.handshake.ConnectionLimits;
import dev.tally.server.handshake.Handshake;
import dev.tally.server.websocket.MessageRate;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.nio.NIOConnection;
import org.jspecify.annotations.Nullable;

/** Makes WebSocket connections, and knows all that are open. Safe for concurrent use. */
final class ConnectionRegistry implements WebSocketConnection.EndListener {

  private final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();
  private final WebSocketSettings settings;
  private final ConnectionLimits limits;
  private final SelectorLoops loops;
  private final PausedReaders pausedReaders;
  private final ChatMetrics metrics;
  private final MonotonicClock time;

  ConnectionRegistry(
      WebSocketSettings settings,
      ConnectionLimits limits,
      SelectorLoops loops,
      PausedReaders pausedReaders,
      ChatMetrics metrics,
      MonotonicClock time) {
    this.settings = settings;
    this.limits = limits;
    this.loops = loops;
    this.pausedReaders = pausedReaders;
    this.metrics = metrics;
    this.time = time;
  }

  /**
   * Makes the connection of a handshake that may still fail. To be added once it succeeded. On the
   * socket's selector's thread.
   */
  WebSocketConnection make(NIOConnection socket, Handshake handshake) {
    return new WebSocketConnection(
        socket,
        loops.of(socket),
        handshake,
        settings.maxOutboundBytes(),
        messageRate(),
        pausedReaders,
        metrics,
        this);
  }

  private @Nullable MessageRate messageRate() {
    return settings.messagesPerSecond() == 0
        ? null
        : new MessageRate(settings.messagesPerSecond(), settings.messageBurst(), time);
  }

  /** It is open, and has a place among the limits. */
  void add(WebSocketConnection connection) {
    connections.add(connection);
  }

  @Override
  public void onEnd(WebSocketConnection connection) {
    if (connections.remove(connection)) {
      limits.release(connection.handshake().address());
    }
  }

  /** A live view of all that are open. */
  Collection<WebSocketConnection> connections() {
    return Collections.unmodifiableSet(connections);
  }

  void terminateAll() {
    connections.forEach(WebSocketConnection::terminate);
  }

  /** Bytes that wait for readers. Looks at each connection. */
  long queuedBytes() {
    return connections.stream().mapToLong(WebSocketConnection::queuedBytes).sum();
  }
}
