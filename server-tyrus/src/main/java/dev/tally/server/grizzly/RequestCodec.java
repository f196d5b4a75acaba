package dev.tally.server.grizzly;

import java.io.IOException;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.http.HttpHeader;
import org.glassfish.grizzly.http.HttpPacketParsing;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.http.server.NetworkListener;

/** Grizzly's codec of HTTP, which answers 400 to every head that it cannot read. */
@SuppressWarnings("deprecation") // Grizzly has no other way yet to make its codec.
final class RequestCodec extends HttpServerFilter {

  private final HttpSockets sockets;

  RequestCodec(NetworkListener listener, HttpSockets sockets) {
    super(
        listener.isChunkingEnabled(),
        listener.getMaxHttpHeaderSize(),
        null,
        listener.getKeepAlive(),
        null,
        listener.getMaxRequestHeaders(),
        listener.getMaxResponseHeaders());
    this.sockets = sockets;
  }

  @Override
  protected boolean decodeHttpPacket(
      FilterChainContext ctx, HttpPacketParsing packet, Buffer input) {
    boolean complete = super.decodeHttpPacket(ctx, packet, input);
    if (!complete) {
      sockets.headGrew(ctx.getConnection(), input.limit());
    }
    return complete;
  }

  @Override
  protected void onHttpHeaderError(HttpHeader head, FilterChainContext ctx, Throwable problem)
      throws IOException {
    try {
      head.getProtocol();
    } catch (IllegalStateException e) {
      // The answer takes its version from the request: an unknown one would throw out of the chain.
      head.setProtocol(Protocol.HTTP_1_1);
    }
    super.onHttpHeaderError(head, ctx, problem);
  }
}
