package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.grizzly.WebSocketServer;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.http.HttpAnswer;
import dev.tally.server.jakarta.DirectConnection;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * RFC 6455, 5.5.1: nothing follows a close frame. The container writes it, and then tells the
 * endpoint; here something is sent to the session just between the two.
 */
class SealedCloseTest {

  private final ChatHub hub =
      new ChatHub(
          new SharedMemory(), ChatMetrics.NONE, ChatSettings.defaults(), InstantSource.system());
  private final CompletableFuture<Session> opened = new CompletableFuture<>();
  private final CompletableFuture<Boolean> pushed = new CompletableFuture<>();
  private final WebSocketServer server =
      new WebSocketServer(
          new RunningServer.Limits().settings(0),
          List.of(
              ServerEndpointConfig.Builder.create(PushingEndpoint.class, "/")
                  .configurator(
                      new ServerEndpointConfig.Configurator() {
                        @Override
                        public <T> T getEndpointInstance(Class<T> type) {
                          return type.cast(new PushingEndpoint());
                        }
                      })
                  .build()),
          request -> HttpAnswer.text("404 Not Found", "text/plain", "No pages.\n"),
          Authentication.off(),
          ChatMetrics.NONE,
          MonotonicClock.system());

  /** Public, for the container. */
  public final class PushingEndpoint extends Endpoint {

    private @Nullable ChatSession chat;

    @Override
    public void onOpen(Session session, EndpointConfig config) {
      DirectConnection client =
          (DirectConnection) Objects.requireNonNull(session.getUserPrincipal());
      chat = client.connect(hub, Subprotocol.PLAIN);
      opened.complete(session);
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
      ChatSession closed = Objects.requireNonNull(chat);
      pushed.complete(hub.push(closed.id(), "behind the close frame"));
      closed.onClose(reason.getCloseCode().getCode());
    }
  }

  @BeforeEach
  void start() throws Exception {
    hub.start();
    server.start();
  }

  @AfterEach
  void stop() {
    hub.close();
    server.stop();
  }

  @Test
  void nothingFollowsTheCloseFrameThoughTheSessionIsStillSentTo() throws Exception {
    try (RawClient client = RawClient.open(server.port(), "/")) {
      client.text("opens the session");
      client.expectCount(1);
      opened.get().close();
      assertThat(client.next()).hasToString("close:1000");
      assertThat(pushed.get()).isTrue();
      client.socket.shutdownOutput();
      assertThat(client.atEnd()).isTrue();
    }
  }
}
