package dev.tally.server.jakarta;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.Identity;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.server.websocket.BufferBudget;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chat as a Jakarta WebSocket endpoint, one instance per connection. It runs in any container:
 * register {@link #configs} with its {@code ServerContainer}. In our own server it finds a {@link
 * DirectConnection} and lets text go past the Jakarta API; elsewhere messages and replies go
 * through it.
 */
public final class ChatEndpoint extends Endpoint {

  private static final Logger LOGGER = LoggerFactory.getLogger(ChatEndpoint.class);

  /** The path does not match itself with a slash behind it. */
  private static final List<String> PATHS = List.of("/ws/chat", "/ws/chat/");

  /** A part of the heap: for replies that wait in all connections of another container. */
  private static final int PART_OF_HEAP = 8;

  private final ChatHub hub;
  private final BufferBudget replies;
  private final Function<Session, Identity> identities;

  /** Null if {@link #onOpen} closed the connection: a container calls the others all the same. */
  private @Nullable ChatSession chat;

  private ChatEndpoint(ChatHub hub, BufferBudget replies, Function<Session, Identity> identities) {
    this.hub = hub;
    this.replies = replies;
    this.identities = identities;
  }

  /**
   * What to deploy for clients that are not authenticated, as {@link #configs(ChatHub, Function)}
   * does.
   *
   * @param hub where the sessions live
   * @return one configuration for each of the paths
   */
  public static List<ServerEndpointConfig> configs(ChatHub hub) {
    return configs(hub, session -> Identity.ANONYMOUS);
  }

  /**
   * What to deploy. In another container than our own, replies that wait for clients that do not
   * read take 256 KiB of a connection and an eighth of the heap in all; a client that exceeds
   * either is closed with 1013.
   *
   * @param hub where the sessions live
   * @param identities says in another container who a client is, for example by {@link
   *     Session#getUserPrincipal}; called once for each connection, must not block. If it throws,
   *     the connection is closed with 1011
   * @return one configuration for each of the paths
   */
  public static List<ServerEndpointConfig> configs(
      ChatHub hub, Function<Session, Identity> identities) {
    // One for both paths: they have the same heap.
    BufferBudget replies = new BufferBudget(Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    ServerEndpointConfig.Configurator configurator =
        new ServerEndpointConfig.Configurator() {
          @Override
          public <T> T getEndpointInstance(Class<T> endpointClass) {
            return endpointClass.cast(new ChatEndpoint(hub, replies, identities));
          }
        };
    return PATHS.stream()
        .map(
            path ->
                ServerEndpointConfig.Builder.create(ChatEndpoint.class, path)
                    .subprotocols(List.of(Subprotocol.TALLY_V1.token()))
                    .configurator(configurator)
                    .build())
        .toList();
  }

  @Override
  public void onOpen(Session session, EndpointConfig config) {
    Subprotocol subprotocol =
        Subprotocol.TALLY_V1.token().equals(session.getNegotiatedSubprotocol())
            ? Subprotocol.TALLY_V1
            : Subprotocol.PLAIN;
    if (session.getUserPrincipal() instanceof DirectConnection own) {
      // Our listener has checked id and token in the handshake already.
      chat = own.connect(hub, subprotocol);
      return;
    }
    List<String> asked = session.getRequestParameterMap().getOrDefault("session_id", List.of());
    SessionId id;
    try {
      // The Jakarta API cannot refuse a handshake, so this comes after the 101.
      id = asked.isEmpty() ? SessionId.random() : SessionId.parse(asked.get(0));
    } catch (IllegalArgumentException e) {
      hub.metrics().handshake("bad_session_id");
      // The same id would be as wrong the next time, so no code after which clients come back.
      JakartaTransport.close(session, CloseCode.UNSUPPORTED_DATA, "session_id must be a UUID");
      return;
    }
    Identity identity;
    try {
      identity = identities.apply(session);
    } catch (RuntimeException e) {
      // A client must not get the sessions of another user, or of none, because of a fault.
      hub.metrics().error("endpoint");
      LOGGER.atError().addKeyValue("event", "error").setCause(e).log("identity not found");
      JakartaTransport.close(session, CloseCode.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR.reason());
      return;
    }
    ChatSession opened =
        hub.connect(new JakartaTransport(session, replies), id, subprotocol, identity);
    chat = opened;
    // Not lambdas: containers read the message's type from the handler's class.
    session.addMessageHandler(
        new MessageHandler.Whole<String>() {
          @Override
          public void onMessage(String text) {
            opened.onText(text);
          }
        });
    session.addMessageHandler(
        new MessageHandler.Whole<byte[]>() {
          @Override
          public void onMessage(byte[] payload) {
            opened.refuse(CloseCode.UNSUPPORTED_DATA, CloseCode.UNSUPPORTED_DATA.reason());
          }
        });
  }

  @Override
  public void onClose(Session session, CloseReason reason) {
    ChatSession opened = chat;
    if (opened != null) {
      opened.onClose(reason.getCloseCode().getCode());
    }
  }

  @Override
  public void onError(Session session, Throwable problem) {
    hub.metrics().error("endpoint");
    LOGGER.atDebug().addKeyValue("event", "error").setCause(problem).log("connection failed");
    ChatSession opened = chat;
    if (opened != null) {
      opened.refuse(CloseCode.INTERNAL_ERROR, CloseCode.INTERNAL_ERROR.reason());
    }
  }
}
