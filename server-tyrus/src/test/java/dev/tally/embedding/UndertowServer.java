package dev.tally.embedding;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.Identity;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import io.undertow.Undertow;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.AttachmentKey;
import io.undertow.util.HttpString;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.protocol.version13.Hybi13Handshake;
import io.undertow.websockets.spi.WebSocketHttpExchange;
import java.net.InetSocketAddress;
import java.security.Principal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** chat-core behind Undertow, without Jakarta WebSocket. */
final class UndertowServer implements AutoCloseable {

  private static final AttachmentKey<SessionId> SESSION = AttachmentKey.create(SessionId.class);
  private static final HttpString X_SESSION_ID = new HttpString("X-Session-Id");
  private static final long MAX_MESSAGE_BYTES = 65_536;

  private final ChatHub hub;
  private final Undertow undertow;

  UndertowServer(ChatHub hub, int port) {
    this.hub = hub;
    HttpHandler upgrade =
        new WebSocketProtocolHandshakeHandler(
            List.of(new Hybi13Handshake(Set.of(Subprotocol.TALLY_V1.token()), false)),
            this::connected);
    this.undertow =
        Undertow.builder()
            .addHttpListener(port, "127.0.0.1", exchange -> handshake(exchange, upgrade))
            .build();
  }

  void start() {
    hub.start();
    undertow.start();
  }

  int port() {
    return ((InetSocketAddress) undertow.getListenerInfo().get(0).getAddress()).getPort();
  }

  private void handshake(HttpServerExchange exchange, HttpHandler upgrade) throws Exception {
    Deque<String> asked =
        exchange.getQueryParameters().getOrDefault("session_id", new ArrayDeque<>());
    if (!hub.readiness().ready()) {
      refuse(exchange, 503, hub.readiness().reason());
      return;
    }
    try {
      SessionId id = asked.isEmpty() ? SessionId.random() : SessionId.parse(asked.getFirst());
      exchange.putAttachment(SESSION, id);
      exchange.getResponseHeaders().put(X_SESSION_ID, id.text());
      upgrade.handleRequest(exchange);
    } catch (IllegalArgumentException e) {
      refuse(exchange, 400, "session_id must be a UUID");
    }
  }

  private static void refuse(HttpServerExchange exchange, int status, String why) {
    exchange.setStatusCode(status);
    exchange.getResponseSender().send(why);
  }

  /** The user that a handler before this one found, if there is one. */
  private static Identity identity(WebSocketHttpExchange exchange) {
    Principal user = exchange.getUserPrincipal();
    return user == null ? Identity.ANONYMOUS : Identity.of(user.getName());
  }

  private void connected(WebSocketHttpExchange exchange, WebSocketChannel channel) {
    ChatSession session =
        hub.connect(
            new UndertowTransport(channel),
            exchange.getAttachment(SESSION),
            Subprotocol.TALLY_V1.token().equals(channel.getSubProtocol())
                ? Subprotocol.TALLY_V1
                : Subprotocol.PLAIN,
            identity(exchange));
    channel.addCloseTask(
        closed -> {
          int seen = closed.getCloseCode();
          session.onClose(seen < 0 ? CloseCode.ABNORMAL.code() : seen);
        });
    channel.getReceiveSetter().set(new Messages(session));
    channel.resumeReceives();
  }

  /** Drains, which takes up to the drain timeout, and stops. */
  @Override
  public void close() {
    hub.drain();
    hub.close();
    undertow.stop();
  }

  private static final class Messages extends AbstractReceiveListener {

    private final ChatSession session;

    Messages(ChatSession session) {
      this.session = session;
    }

    @Override
    protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
      session.onText(message.getData());
    }

    @Override
    protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
      message.getData().free();
      session.refuse(CloseCode.UNSUPPORTED_DATA, CloseCode.UNSUPPORTED_DATA.reason());
    }

    @Override
    protected long getMaxTextBufferSize() {
      return MAX_MESSAGE_BYTES;
    }

    @Override
    protected long getMaxBinaryBufferSize() {
      return MAX_MESSAGE_BYTES;
    }
  }
}
