package dev.tally.server.grizzly;

import dev.tally.chat.MonotonicClock;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.Connection;

/**
 * Ends connections that take too long for their next request, and those above what the WebSockets'
 * limit and some spare sockets for plain HTTP allow. It takes the place of Grizzly's idle timeout
 * filter, which would hold on to upgraded connections. Safe for concurrent use.
 */
final class HandshakeTimeout {

  /** A connection that sends its first request, or another one. */
  private record Waiting(long sinceMillis, boolean first) {}

  private final ConcurrentHashMap<Connection<?>, Waiting> waiting = new ConcurrentHashMap<>();
  private final ConnectionRegistry registry;
  private final MonotonicClock time;

  HandshakeTimeout(ConnectionRegistry registry, MonotonicClock time) {
    this.registry = registry;
    this.time = time;
  }

  /** Takes a new connection in, or says that there are too many. */
  boolean accept(Connection<?> connection) {
    int sockets = waiting.size() + registry.limits().connections();
    if (sockets - WebSocketServer.SPARE_SOCKETS >= registry.settings().maxConnections()) {
      registry.metrics().handshake("full");
      return false;
    }
    waiting.put(connection, new Waiting(time.millis(), true));
    return true;
  }

  /** A complete head came; one that trickles in does not count. */
  void requestCame(Connection<?> connection) {
    waiting.replace(connection, new Waiting(time.millis(), false));
  }

  /**
   * The connection is a WebSocket from now on, or closed.
   *
   * @return false if its time was over before; then the sweep ends it
   */
  boolean forget(Connection<?> connection) {
    return waiting.remove(connection) != null;
  }

  void sweep() {
    long latest = time.millis() - registry.settings().handshakeTimeout().toMillis();
    waiting.forEach(
        (connection, state) -> {
          if (state.sinceMillis() < latest && waiting.remove(connection, state)) {
            if (state.first()) {
              registry.metrics().handshake("timeout");
            }
            connection.terminateSilently();
          }
        });
  }
}
