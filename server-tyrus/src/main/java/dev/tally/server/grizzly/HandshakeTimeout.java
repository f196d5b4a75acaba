package dev.tally.server.grizzly;

import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;

/**
 * Ends connections that take too long for their next request, and those above what the WebSockets'
 * limit and some spare sockets for plain HTTP allow. Stands behind the HTTP codec, so that only a
 * complete head counts and one that trickles in does not. It takes the place of Grizzly's idle
 * timeout filter, which would hold on to upgraded connections.
 */
final class HandshakeTimeout extends BaseFilter {

  private static final int SPARE_SOCKETS = 512;

  /** A connection that sends its first request, or another one. */
  private record Waiting(long sinceMillis, boolean first) {}

  private final ConcurrentHashMap<Connection<?>, Waiting> waiting = new ConcurrentHashMap<>();
  private final ConnectionRegistry registry;
  private final InstantSource clock;

  HandshakeTimeout(ConnectionRegistry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public NextAction handleAccept(FilterChainContext ctx) throws IOException {
    int sockets = waiting.size() + registry.limits().connections();
    if (sockets >= registry.settings().maxConnections() + SPARE_SOCKETS) {
      registry.metrics().handshake("full");
      ctx.getConnection().terminateSilently();
      return ctx.getStopAction();
    }
    waiting.put(ctx.getConnection(), new Waiting(clock.millis(), true));
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleRead(FilterChainContext ctx) throws IOException {
    waiting.replace(ctx.getConnection(), new Waiting(clock.millis(), false));
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleClose(FilterChainContext ctx) throws IOException {
    waiting.remove(ctx.getConnection());
    return ctx.getInvokeAction();
  }

  /** The connection is a WebSocket from now on. */
  void forget(Connection<?> connection) {
    waiting.remove(connection);
  }

  void sweep() {
    long latest = clock.millis() - registry.settings().handshakeTimeout().toMillis();
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
