package dev.tally.server;

import dev.tally.chat.MonotonicClock;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.metrics.http.HeadLimits;
import dev.tally.server.grizzly.HttpAnswer;
import dev.tally.server.grizzly.WebSocketServer;
import dev.tally.server.grizzly.WebSocketSettings;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Sends every message back, text and binary, up to 16 MiB, at {@code /}: the server's own glue with
 * an endpoint for conformance suites. As a program it takes the port and serves until it is killed.
 */
public final class EchoServer implements AutoCloseable {

  static final int MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

  private final WebSocketServer server;

  EchoServer(int port) throws IOException {
    WebSocketSettings settings =
        new WebSocketSettings(
            "127.0.0.1",
            port,
            128,
            MAX_MESSAGE_BYTES,
            1000,
            128,
            0,
            0,
            1,
            0,
            4 * MAX_MESSAGE_BYTES,
            32L * MAX_MESSAGE_BYTES,
            List.of("*"),
            List.of(),
            List.of(),
            HeadLimits.DEFAULT,
            Duration.ofSeconds(10),
            Duration.ofSeconds(75),
            Duration.ofMinutes(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1));
    server =
        new WebSocketServer(
            settings,
            List.of(ServerEndpointConfig.Builder.create(Echo.class, "/").build()),
            request -> HttpAnswer.text("404 Not Found", "text/plain", "No pages.\n"),
            ChatMetrics.NONE,
            MonotonicClock.system());
    server.start();
  }

  int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.stop();
  }

  /**
   * Serves.
   *
   * @param args the port; 0 for a free one, which the log names
   * @throws Exception if the port is taken
   */
  public static void main(String[] args) throws Exception {
    try (EchoServer echo = new EchoServer(Integer.parseInt(args[0]))) {
      System.out.println("ws://127.0.0.1:" + echo.port() + "/");
      Thread.currentThread().join();
    }
  }

  /** Made by the container, one for each connection. */
  public static final class Echo extends Endpoint {

    @Override
    public void onOpen(Session session, EndpointConfig config) {
      // Not lambdas: containers read the message's type from the handler's class.
      session.addMessageHandler(
          new MessageHandler.Whole<String>() {
            @Override
            public void onMessage(String text) {
              Future<Void> unused = session.getAsyncRemote().sendText(text);
            }
          });
      session.addMessageHandler(
          new MessageHandler.Whole<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer bytes) {
              Future<Void> unused = session.getAsyncRemote().sendBinary(bytes);
            }
          });
    }
  }
}
