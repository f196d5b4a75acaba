package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.metrics.http.RequestHead;
import dev.tally.server.auth.Authenticated;
import dev.tally.server.handshake.AddressRate;
import dev.tally.server.handshake.Admission;
import dev.tally.server.handshake.Admission.Denied;
import dev.tally.server.handshake.Admission.Granted;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.handshake.ConnectionLimits;
import dev.tally.server.handshake.ConnectionLimits.Place;
import dev.tally.server.handshake.Handshake;
import dev.tally.server.handshake.HandshakeRules;
import dev.tally.server.handshake.RateLimits;
import dev.tally.server.handshake.Refusal;
import dev.tally.server.handshake.UnnamedProxy;
import dev.tally.server.http.HttpAnswer;
import dev.tally.server.http.HttpRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.util.Header;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.jspecify.annotations.Nullable;

/**
 * Turns an upgrade request into a {@link WebSocketConnection}, or refuses it with one sentence and
 * ends the connection. Other paths get their page. Stands behind the HTTP codec and runs on the
 * connection's selector thread.
 */
final class UpgradeFilter extends BaseFilter {

  private static final byte[] NOTHING = {};

  private final Map<String, URI> paths;
  private final TyrusHandshake tyrus;
  private final WebSocketSettings settings;
  private final ConnectionLimits limits;
  private final RateLimits rates;
  private final ConnectionRegistry registry;
  private final HttpSockets sockets;
  private final Function<HttpRequest, HttpAnswer> pages;
  private final HandshakeRules rules;
  private final UnnamedProxy unnamedProxy;
  private final Authentication authentication;
  private final ChatMetrics metrics;
  private volatile boolean draining;

  UpgradeFilter(
      Set<String> paths,
      WebSocketEngine engine,
      WebSocketSettings settings,
      ConnectionLimits limits,
      RateLimits rates,
      ConnectionRegistry registry,
      HttpSockets sockets,
      Function<HttpRequest, HttpAnswer> pages,
      Authentication authentication,
      ChatMetrics metrics) {
    this.paths = paths.stream().collect(Collectors.toUnmodifiableMap(path -> path, URI::create));
    this.tyrus = new TyrusHandshake(engine);
    this.settings = settings;
    this.limits = limits;
    this.rates = rates;
    this.registry = registry;
    this.sockets = sockets;
    this.pages = pages;
    this.rules =
        new HandshakeRules(
            settings.allowedHosts(),
            settings.allowedOrigins(),
            settings.trustedProxies(),
            settings.compression());
    this.unnamedProxy = new UnnamedProxy(settings.trustedProxies());
    this.authentication = authentication;
    this.metrics = metrics;
  }

  /** From now on every handshake is answered 503. */
  void drain() {
    draining = true;
  }

  @Override
  public NextAction handleAccept(FilterChainContext ctx) throws IOException {
    NIOConnection connection = (NIOConnection) ctx.getConnection();
    // Otherwise the kernel's buffer grows to megabytes for a client that does not read, and filling
    // it for many of them takes the processor from all other clients.
    ((SocketChannel) connection.getChannel())
        .setOption(StandardSocketOptions.SO_SNDBUF, settings.maxOutboundBytes());
    InetAddress peer = ((InetSocketAddress) connection.getPeerAddress()).getAddress();
    sockets.accept(connection, peer.getHostAddress());
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleClose(FilterChainContext ctx) throws IOException {
    sockets.forget(ctx.getConnection());
    return ctx.getInvokeAction();
  }

  @Override
  public NextAction handleRead(FilterChainContext ctx) throws IOException {
    HttpSocket socket = sockets.get(ctx.getConnection());
    if (socket == null || socket.isClosing()) {
      return ctx.getStopAction();
    }
    HttpContent content = ctx.getMessage();
    if (HttpContent.isBroken(content)) {
      socket.close();
      return ctx.getStopAction();
    }
    // One read may hold hundreds of requests, so before each answer.
    if (Math.max(socket.waitingBytes(), socket.held()) > settings.maxOutboundBytes()) {
      sockets.cut(socket);
      return ctx.getStopAction();
    }
    sockets.requestCame(socket);
    HttpRequestPacket request = (HttpRequestPacket) content.getHttpHeader();
    toOriginForm(request);
    URI path = paths.get(request.getRequestURI());
    if (path == null) {
      if (request.isUpgrade()) {
        sockets.refused(socket, "not_found", "there is no WebSocket at this path");
      }
      HttpAnswer answer = pages.apply(new GrizzlyRequest(request));
      if (sockets.take(socket, answer.queuedBytes())) {
        socket.answer(request, answer);
        ctx.notifyDownstream(HttpServerFilter.RESPONSE_COMPLETE_EVENT);
      }
    } else {
      handshake(socket, path, request, content);
    }
    return ctx.getStopAction();
  }

  private void handshake(
      HttpSocket socket, URI path, HttpRequestPacket request, HttpContent content) {
    GrizzlyRequest head = new GrizzlyRequest(request);
    String address = rules.address(head);
    unnamedProxy.saw(head);
    Refusal refusal = draining ? unavailable("draining", "is draining") : rates.handshake(address);
    if (refusal == null) {
      refusal = rules.check(head);
    }
    if (refusal == null && socket.waitingBytes() > 0) {
      // Frames would overtake them: they go past Grizzly's queue.
      refusal =
          new Refusal(
              "400 Bad Request",
              "bad_request",
              "There are answers to earlier requests that have not been read.");
    }
    if (refusal == null) {
      // Checked last, as it costs most, and before a place is taken.
      Admission admission = authentication.check(head);
      refusal =
          admission instanceof Granted granted
              ? enter(socket, path, request, content, address, granted.client())
              : ((Denied) admission).refusal();
    }
    if (refusal != null) {
      sockets.refuse(socket, refusal, !Method.HEAD.equals(request.getMethod()));
    }
  }

  /** Takes a place and upgrades, or says why there is no place. */
  private @Nullable Refusal enter(
      HttpSocket socket,
      URI path,
      HttpRequestPacket request,
      HttpContent content,
      String address,
      Optional<Authenticated> client) {
    Place place = limits.take(address);
    if (place == Place.TAKEN) {
      AddressRate.Charge session = rates.session(address);
      if (session.isTaken()) {
        upgrade(socket, path, request, content, address, session, client);
        return null;
      }
      limits.release(address);
      return rates.sessionRefusal(address, session);
    }
    return place == Place.FULL
        ? unavailable("full", "has as many connections as it may have")
        : new Refusal(
            "429 Too Many Requests",
            "too_many_from_address",
            Refusal.retryAfter(settings.retryAfter()),
            "The address " + address + " has as many connections as one address may have.");
  }

  /** A target may be a URL; its host then counts in place of the header (RFC 9112, 3.2.2). */
  private static void toOriginForm(HttpRequestPacket request) {
    String target = request.getRequestURI();
    int scheme = target.charAt(0) == '/' ? -1 : target.indexOf("://");
    if (scheme > 0) {
      int slash = target.indexOf('/', scheme + 3);
      String host = target.substring(scheme + 3, slash < 0 ? target.length() : slash);
      request.getHeaders().setValue(Header.Host).setString(host);
      request.setRequestURI(RequestHead.originForm(target));
    }
  }

  private Refusal unavailable(String result, String why) {
    return Refusal.unavailable(
        result,
        "This server " + why + "; try again, another one may answer.",
        settings.retryAfter());
  }

  private void upgrade(
      HttpSocket httpSocket,
      URI path,
      HttpRequestPacket request,
      HttpContent content,
      String address,
      AddressRate.Charge session,
      Optional<Authenticated> client) {
    NIOConnection socket = httpSocket.connection;
    Handshake handshake = rules.read(new GrizzlyRequest(request), address, client);
    WebSocketConnection connection = registry.make(socket, handshake);
    connection.charged(session);
    UpgradeAnswer response = new UpgradeAnswer();
    UpgradeInfo upgrade = tyrus.upgrade(path, request, connection, response);
    if (upgrade == null) {
      limits.release(address);
      sockets.refuse(
          httpSocket,
          new Refusal("400 Bad Request", "bad_request", "This is no valid WebSocket handshake."),
          true);
      return;
    }
    if (!sockets.forget(socket)) {
      // It was ended meanwhile, so its close event has gone by and no other would come.
      limits.release(address);
      return;
    }
    metrics.handshake("accepted");
    // Frames that came behind the handshake, in the same read: Grizzly would drop them.
    byte[] readAhead = bytes(content.getContent());
    ByteBuffer accepted = response.head(handshake);
    socket.setProcessor(new FrameProcessor(connection));
    // Grizzly's request and response are kept there, several times the size of everything of ours.
    socket.getAttributes().clear();
    registry.add(connection);
    connection.open(accepted, upgrade, readAhead);
    if (connection.isGone()) {
      // It may have been closed before its events went to the new processor.
      connection.onClosed();
    }
  }

  private static byte[] bytes(@Nullable Buffer buffer) {
    if (buffer == null || !buffer.hasRemaining()) {
      return NOTHING;
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }
}
