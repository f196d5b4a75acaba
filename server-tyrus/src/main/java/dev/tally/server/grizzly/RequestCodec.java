package dev.tally.server.grizzly;

import java.io.IOException;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.http.HttpHeader;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.http.server.NetworkListener;

/** Grizzly's codec of HTTP, which answers 400 to every head that it cannot read. */
@SuppressWarnings("deprecation") // Grizzly has no other way yet to make its codec.
final class RequestCodec extends HttpServerFilter {

  RequestCodec(NetworkListener listener) {
    super(
        listener.isChunkingEnabled(),
        listener.getMaxHttpHeaderSize(),
        null,
        listener.getKeepAlive(),
        null,
        listener.getMaxRequestHeaders(),
        listener.getMaxResponseHeaders());
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
