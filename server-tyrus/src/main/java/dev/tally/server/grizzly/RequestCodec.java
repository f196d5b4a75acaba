package dev.tally.server.grizzly;

import dev.tally.metrics.http.HeadLimits;
import dev.tally.metrics.http.RequestHead;
import dev.tally.server.handshake.Refusal;
import java.io.IOException;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpHeader;
import org.glassfish.grizzly.http.HttpPacketParsing;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;

/**
 * Grizzly's codec of HTTP behind a strict check: {@link RequestHead} reads every head first,
 * because the codec takes much that RFC 9112 forbids. What is refused gets its sentence.
 */
@SuppressWarnings("deprecation") // Grizzly has no other way yet to make its codec.
final class RequestCodec extends HttpServerFilter {

  private final HttpSockets sockets;

  /** Its limits are above those of the check, which refuses with a sentence. */
  RequestCodec(NetworkListener listener, HeadLimits limits, HttpSockets sockets) {
    super(
        listener.isChunkingEnabled(),
        limits.bytes() + 1,
        null,
        listener.getKeepAlive(),
        null,
        limits.headers() + 1,
        listener.getMaxResponseHeaders());
    this.sockets = sockets;
  }

  @Override
  public NextAction handleRead(FilterChainContext ctx) throws IOException {
    HttpSocket socket = sockets.get(ctx.getConnection());
    if (socket == null || socket.isClosing()) {
      return ctx.getStopAction();
    }
    // With what earlier reads left of an unfinished head in front.
    Buffer input = ctx.getMessage();
    RequestHead head = socket.head;
    sockets.requestBegan(socket);
    for (int i = input.position() + socket.headBytesRead; i < input.limit(); i++) {
      if (head.accept(input.get(i))) {
        socket.headBytesRead = 0;
        if (head.fault().isPresent()) {
          sockets.refuse(socket, Refusal.of(head.fault().get()), !head.isHead());
          return ctx.getStopAction();
        }
        head.restart();
        return super.handleRead(ctx);
      }
      if (head.isAfterEmptyLine()) {
        // The codec would take it for a part of the method.
        input.position(i + 1);
        if (!input.hasRemaining()) {
          socket.headBytesRead = 0;
          return ctx.getStopAction();
        }
        input = input.split(i + 1);
        ctx.setMessage(input);
        i = input.position() - 1;
      }
    }
    socket.headBytesRead = input.remaining();
    return head.isBeforeStart() ? ctx.getStopAction(input) : super.handleRead(ctx);
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
    HttpSocket socket = sockets.get(ctx.getConnection());
    if (socket != null) {
      Refusal refusal =
          new Refusal("400 Bad Request", "bad_request", "This is no valid request of HTTP/1.1.");
      sockets.refuse(socket, refusal, true);
    }
  }
}
