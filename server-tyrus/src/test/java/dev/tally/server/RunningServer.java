package dev.tally.server;

import dev.tally.chat.ChatConfig;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.SessionStore;
import dev.tally.server.grizzly.WebSocketSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;

/** A real server on a free port of the loopback address, and what it reported to its metrics. */
public final class RunningServer implements AutoCloseable {

  final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();
  private final ChatServer server;
  private boolean stopped;

  RunningServer(WebSocketSettings settings, SessionStore store) {
    ChatMetrics metrics =
        new ChatMetrics() {
          @Override
          public void handshake(String result) {
            events.add("handshake " + result);
          }

          @Override
          public void error(String kind) {
            events.add("error " + kind);
          }

          @Override
          public void closed(int code) {
            events.add("closed " + code);
          }
        };
    InstantSource clock = InstantSource.system();
    ServerSettings defaults = ServerSettings.defaults("127.0.0.1", 0);
    this.server =
        new ChatServer(
            new ServerSettings(
                settings, "blue", "1.2.3", "5f3a21c4", "127.0.0.1:8001", defaults.drainDelay()),
            ChatConfig.defaults(),
            store,
            metrics,
            clock);
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RunningServer(UnaryOperator<Limits> change) {
    this(change.apply(Limits.generous()).settings(), memory());
  }

  public RunningServer() {
    this(UnaryOperator.identity());
  }

  public RunningServer(SessionStore store) {
    this(Limits.generous().settings(), store);
  }

  static InMemorySessionStore memory() {
    return new InMemorySessionStore(Duration.ofHours(1), 100_000, InstantSource.system());
  }

  public int port() {
    return server.port();
  }

  ChatServer server() {
    return server;
  }

  /** Whether another handshake succeeds now. */
  boolean accepts() throws IOException {
    try (RawClient client = new RawClient(port())) {
      client.send(RawClient.handshake("/ws/chat/").getBytes(StandardCharsets.US_ASCII));
      return client.response().status().startsWith("101 ");
    }
  }

  public void stop() {
    stopped = true;
    server.stop();
  }

  @Override
  public void close() {
    if (!stopped) {
      stop();
    }
  }

  /** The settings that tests turn. */
  record Limits(
      int connections,
      int perAddress,
      int rate,
      int burst,
      int outboundBytes,
      int messageBytes,
      List<String> origins,
      List<String> proxies,
      Duration handshakeTimeout,
      Duration heartbeat) {

    static Limits generous() {
      return new Limits(
          1000,
          0,
          0,
          1,
          262_144,
          65_536,
          List.of(),
          List.of(),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30));
    }

    Limits withConnections(int most, int mostPerAddress) {
      return new Limits(
          most,
          mostPerAddress,
          rate,
          burst,
          outboundBytes,
          messageBytes,
          origins,
          proxies,
          handshakeTimeout,
          heartbeat);
    }

    Limits withRate(int perSecond, int atOnce) {
      return new Limits(
          connections,
          perAddress,
          perSecond,
          atOnce,
          outboundBytes,
          messageBytes,
          origins,
          proxies,
          handshakeTimeout,
          heartbeat);
    }

    Limits withOutboundBytes(int bytes) {
      return new Limits(
          connections,
          perAddress,
          rate,
          burst,
          bytes,
          messageBytes,
          origins,
          proxies,
          handshakeTimeout,
          heartbeat);
    }

    Limits withOrigins(String... allowed) {
      return new Limits(
          connections,
          perAddress,
          rate,
          burst,
          outboundBytes,
          messageBytes,
          List.of(allowed),
          proxies,
          handshakeTimeout,
          heartbeat);
    }

    Limits withProxies(String... trusted) {
      return new Limits(
          connections,
          perAddress,
          rate,
          burst,
          outboundBytes,
          messageBytes,
          origins,
          List.of(trusted),
          handshakeTimeout,
          heartbeat);
    }

    Limits withTimes(Duration handshake, Duration beat) {
      return new Limits(
          connections,
          perAddress,
          rate,
          burst,
          outboundBytes,
          messageBytes,
          origins,
          proxies,
          handshake,
          beat);
    }

    WebSocketSettings settings() {
      return settings(0);
    }

    WebSocketSettings settings(int port) {
      return new WebSocketSettings(
          "127.0.0.1",
          port,
          128,
          messageBytes,
          connections,
          perAddress,
          rate,
          burst,
          outboundBytes,
          origins,
          proxies,
          handshakeTimeout,
          heartbeat,
          Duration.ofSeconds(2),
          Duration.ofSeconds(7));
    }
  }
}
