package dev.tally.server;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.grizzly.WebSocketServer;
import dev.tally.server.grizzly.WebSocketSettings;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.http.HttpAnswer;
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

  EchoServer(int port, boolean compression) throws IOException {
    WebSocketSettings settings =
        WebSocketSettings.builder()
            .host("127.0.0.1")
            .port(port)
            .backlog(128)
            .maxMessageBytes(MAX_MESSAGE_BYTES)
            .maxConnections(1000)
            .smallFramesPerSecond(0)
            .maxOutboundBytes(4 * MAX_MESSAGE_BYTES)
            .maxBufferedBytes(32L * MAX_MESSAGE_BYTES)
            .allowedOrigins(List.of("*"))
            .messageTimeout(Duration.ofMinutes(10))
            .compression(compression)
            .build();
    server =
        new WebSocketServer(
            settings,
            List.of(ServerEndpointConfig.Builder.create(Echo.class, "/").build()),
            request -> HttpAnswer.text("404 Not Found", "text/plain", "No pages.\n"),
            Authentication.off(),
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
   * @param args the port, 0 for a free one; with anything more, messages may be compressed
   * @throws Exception if the port is taken
   */
  public static void main(String[] args) throws Exception {
    try (EchoServer echo = new EchoServer(Integer.parseInt(args[0]), args.length > 1)) {
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
