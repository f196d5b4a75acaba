package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.ChatSettings;
import dev.tally.chat.Readiness;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.RunningServer.Limits;
import dev.tally.server.grizzly.WebSocketServer;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.http.HttpAnswer;
import dev.tally.session.redis.testing.FreePort;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Where and when the server listens. */
class ListenerTest {

  @Test
  void bindsTheGivenAddressAndNoOther() throws IOException {
    try (RunningServer server = new RunningServer()) {
      assertThat(server.accepts()).isTrue();
      assertThatThrownBy(() -> new Socket("127.0.0.2", server.port()).close())
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void doesNotListenUnlessItsEndpointsAreDeployed() throws IOException {
    int port = FreePort.pick();
    ServerEndpointConfig endpoint =
        ServerEndpointConfig.Builder.create(EchoServer.Echo.class, "/same").build();
    WebSocketServer server =
        new WebSocketServer(
            new Limits().settings(port),
            List.of(endpoint, endpoint),
            request -> HttpAnswer.text("404 Not Found", "text/plain", ""),
            Authentication.off(),
            ChatMetrics.NONE,
            MonotonicClock.system());
    try {
      assertThatThrownBy(server::start).hasMessageContaining("cannot be deployed");
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
          .isInstanceOf(ConnectException.class);
    } finally {
      server.stop();
    }
  }

  @Test
  void givesThePortBackWhenItStops() throws Exception {
    // One that the system gives to nobody else afterwards.
    int port = FreePort.pick();
    try (RunningServer server =
        new RunningServer(new Limits().settings(port), RunningServer.memory())) {
      assertThat(server.accepts()).isTrue();
    }
    // The selector's thread closes the socket, soon after it is told to.
    Await.until(() -> isRefused(port));
  }

  private static boolean isRefused(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return !socket.isConnected();
    } catch (ConnectException e) {
      return true;
    }
  }

  @Test
  void isNotReadyWhileItDoesNotListen() throws IOException {
    HangingStore store = new HangingStore();
    store.hang();
    MonotonicClock time = MonotonicClock.system();
    AtomicLong skippedNanos = new AtomicLong();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ChatServer server =
          new ChatServer(
              ChatServerSettings.defaults("127.0.0.1", taken.getLocalPort()),
              ChatSettings.defaults(),
              store,
              ChatMetrics.NONE,
              InstantSource.system(),
              () -> time.nanos() + skippedNanos.get());
      try {
        assertThatThrownBy(server::start).isInstanceOf(IOException.class);
        // A hub that was started would say by now that its store does not answer.
        skippedNanos.set(Duration.ofDays(1).toNanos());
        assertThat(server.hub().readiness()).isEqualTo(new Readiness(false, "starting"));
      } finally {
        store.goOn();
        server.stop();
      }
    }
  }
}
