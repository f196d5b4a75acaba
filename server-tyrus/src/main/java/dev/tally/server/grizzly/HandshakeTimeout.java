package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;

/**
 * Ends connections that take too long for their next request. Stands behind the HTTP codec, so that
 * only a complete head counts and one that trickles in does not. It takes the place of Grizzly's
 * idle timeout filter, which would hold on to upgraded connections.
 */
final class HandshakeTimeout extends BaseFilter {

  private final ConcurrentHashMap<Connection<?>, Long> since = new ConcurrentHashMap<>();
  private final Duration timeout;
  private final InstantSource clock;
  private final ChatMetrics metrics;

  HandshakeTimeout(Duration timeout, InstantSource clock, ChatMetrics metrics) {
    this.timeout = timeout;
    this.clock = clock;
    this.metrics = metrics;
  }

  @Override
  public NextAction handleAccept(FilterChainContext ctx) throws IOException {
    since.put(ctx.getConnection(), clock.millis());
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleRead(FilterChainContext ctx) throws IOException {
    since.replace(ctx.getConnection(), clock.millis());
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleClose(FilterChainContext ctx) throws IOException {
    since.remove(ctx.getConnection());
    return ctx.getInvokeAction();
  }

  /** The connection is a WebSocket from now on. */
  void forget(Connection<?> connection) {
    since.remove(connection);
  }

  void sweep() {
    long latest = clock.millis() - timeout.toMillis();
    since.forEach(
        (connection, millis) -> {
          if (millis < latest && since.remove(connection, millis)) {
            metrics.handshake("timeout");
            connection.terminateSilently();
          }
        });
  }
}
