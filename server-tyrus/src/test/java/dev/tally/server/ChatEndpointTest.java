package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.server.RawClient.Frame;
import dev.tally.server.jakarta.ChatEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;
import java.time.InstantSource;
import java.util.Map;
import org.glassfish.tyrus.server.TyrusServerContainer;
import org.glassfish.tyrus.spi.ServerContainer;
import org.glassfish.tyrus.spi.ServerContainerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The endpoint in a container that knows nothing of ours. */
class ChatEndpointTest {

  private final ChatHub hub =
      new ChatHub(
          RunningServer.memory(),
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          InstantSource.system());
  private final ServerContainer container = ServerContainerFactory.createServerContainer(Map.of());

  @BeforeEach
  void start() throws Exception {
    hub.start();
    for (ServerEndpointConfig config : ChatEndpoint.configs(hub)) {
      container.addEndpoint(config);
    }
    container.start("", 0);
  }

  @AfterEach
  void stop() {
    container.stop();
    hub.close();
  }

  private int port() {
    return ((TyrusServerContainer) container).getPort();
  }

  @Test
  void countsAndResumes() throws Exception {
    String target = "/ws/chat/?session_id=123e4567-e89b-42d3-a456-426614174002";
    for (int round = 0; round < 2; round++) {
      try (RawClient client = RawClient.open(port(), target)) {
        for (int i = 1; i <= 100; i++) {
          client.text("m");
        }
        for (int i = 1; i <= 100; i++) {
          assertThat(client.next().text()).isEqualTo("{\"count\": " + (100 * round + i) + "}");
        }
      }
    }
  }

  @Test
  void endsTheConnectionOfAClientThatNeverReads() throws Exception {
    SessionId id = SessionId.parse("123e4567-e89b-42d3-a456-426614174003");
    try (RawClient deaf = RawClient.open(port(), "/ws/chat/?session_id=" + id.text())) {
      deaf.text("the session is open");
      deaf.expectCount(1);
      Await.until(() -> !hub.push(id, "x".repeat(60_000)));
      Await.until(() -> hub.statistics().connections() == 0);
    }
  }

  @Test
  void letsNobodyInWhoseIdentityCannotBeFound() throws Exception {
    ServerContainer other = ServerContainerFactory.createServerContainer(Map.of());
    for (ServerEndpointConfig config :
        ChatEndpoint.configs(
            hub,
            session -> {
              throw new IllegalStateException("broken");
            })) {
      other.addEndpoint(config);
    }
    other.start("", 0);
    try (RawClient client = RawClient.open(((TyrusServerContainer) other).getPort(), "/ws/chat")) {
      assertThat(client.next().closeCode()).isEqualTo(1011);
      assertThat(hub.statistics().connections()).isZero();
    } finally {
      other.stop();
    }
  }

  @Test
  void closesABadSessionIdAndABinaryMessageSoThatClientsDoNotComeBack() throws Exception {
    try (RawClient client = RawClient.open(port(), "/ws/chat?session_id=42")) {
      Frame close = client.next();
      assertThat(close.closeCode()).isEqualTo(1003);
      assertThat(close.closeReason()).isEqualTo("session_id must be a UUID");
    }
    try (RawClient client = RawClient.open(port(), "/ws/chat")) {
      client.send(RawClient.frame(RawClient.BINARY, new byte[] {1}));
      assertThat(client.next().closeCode()).isEqualTo(1003);
    }
    assertThat(CloseCode.UNSUPPORTED_DATA.reconnect()).isEqualTo(CloseCode.Reconnect.NO);
  }
}
