package dev.tally.server;

import dev.tally.chat.ChatSettings;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.grizzly.WebSocketSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real server on a free port of the loopback address, and what it reported to its metrics.
 * Registered as an extension in a static field it serves all tests of the class.
 */
public final class RunningServer implements AutoCloseable, AfterAllCallback {

  /** Without heartbeats among the frames that a test expects, however long it takes. */
  private static final ChatSettings QUIET =
      ChatSettings.builder()
          .heartbeat(Duration.ofHours(1))
          .openTimeout(Duration.ofMinutes(10))
          .build();

  final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();
  private final ChatServer server;
  private final AtomicLong skippedNanos = new AtomicLong();
  final AtomicLong received = new AtomicLong();
  private boolean stopped;

  RunningServer(WebSocketSettings settings, SessionStore store) {
    this(settings, QUIET, store);
  }

  RunningServer(WebSocketSettings settings, ChatSettings chat, SessionStore store) {
    this(settings, chat, store, Optional.empty(), InstantSource.system(), false);
  }

  /** A server that wants tokens, and by which clock it checks them. */
  RunningServer(UnaryOperator<Limits> change, AuthSettings auth, InstantSource clock) {
    this(change.apply(new Limits()).settings(0), QUIET, memory(), Optional.of(auth), clock, false);
  }

  private RunningServer(
      WebSocketSettings settings,
      ChatSettings chat,
      SessionStore store,
      Optional<AuthSettings> auth,
      InstantSource clock,
      boolean clockStands) {
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
          public void received() {
            received.incrementAndGet();
          }

          @Override
          public void closed(int code) {
            events.add("closed " + code);
          }
        };
    MonotonicClock time = MonotonicClock.system();
    ChatServerSettings defaults = ChatServerSettings.defaults("127.0.0.1", 0);
    this.server =
        new ChatServer(
            new ChatServerSettings(
                settings,
                "blue",
                "1.2.3",
                "5f3a21c4",
                "127.0.0.1:8001",
                defaults.drainDelay(),
                auth),
            chat,
            store,
            metrics,
            clock,
            () -> (clockStands ? 0 : time.nanos()) + skippedNanos.get());
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RunningServer(UnaryOperator<Limits> change) {
    this(change.apply(new Limits()).settings(0), memory());
  }

  /** For its server time passes in {@link #skip} only. */
  static RunningServer withClockThatStands(UnaryOperator<Limits> change) {
    return withClockThatStands(change, memory());
  }

  static RunningServer withClockThatStands(AuthSettings auth, InstantSource clock) {
    return new RunningServer(
        new Limits().settings(0), QUIET, memory(), Optional.of(auth), clock, true);
  }

  static RunningServer withClockThatStands(UnaryOperator<Limits> change, SessionStore store) {
    return new RunningServer(
        change.apply(new Limits()).settings(0),
        QUIET,
        store,
        Optional.empty(),
        InstantSource.system(),
        true);
  }

  public RunningServer() {
    this(UnaryOperator.identity());
  }

  public RunningServer(SessionStore store) {
    this(new Limits().settings(0), store);
  }

  static InMemorySessionStore memory() {
    return new InMemorySessionStore(Duration.ofHours(1), 100_000, MonotonicClock.system());
  }

  public int port() {
    return server.port();
  }

  ChatServer server() {
    return server;
  }

  /** Lets time pass at once for the server; its connections' heartbeats are not its clock's. */
  void skip(Duration time) {
    skippedNanos.addAndGet(time.toNanos());
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

  @Override
  public void afterAll(ExtensionContext context) {
    close();
  }

  /** The settings that tests turn: generous, unless said otherwise. */
  static final class Limits {

    private int connections = 1000;
    private int spare = 128;
    private int perAddress;
    private int handshakesPerMinute;
    private int sessionsPerMinute;
    private int rate;
    private int burst = 1;
    private int smallFrames = 500;
    private boolean compression;
    private int outboundBytes = 262_144;
    private long bufferedBytes = 67_108_864;
    private List<String> origins = List.of();
    private List<String> hosts = List.of();
    private List<String> proxies = List.of();
    private Duration handshakeTimeout = Duration.ofMinutes(10);
    private Duration messageTimeout = Duration.ofMinutes(10);
    private Duration heartbeat = Duration.ofHours(1);
    private Duration closeTimeout = Duration.ofMinutes(1);

    Limits withConnections(int most, int mostPerAddress) {
      connections = most;
      perAddress = mostPerAddress;
      return this;
    }

    Limits withRatesPerAddress(int handshakesAMinute, int newSessionsAMinute) {
      handshakesPerMinute = handshakesAMinute;
      sessionsPerMinute = newSessionsAMinute;
      return this;
    }

    Limits withSpare(int sockets) {
      spare = sockets;
      return this;
    }

    Limits withRate(int perSecond, int atOnce) {
      rate = perSecond;
      burst = atOnce;
      return this;
    }

    Limits withSmallFrames(int perSecond) {
      smallFrames = perSecond;
      return this;
    }

    Limits withCompression() {
      compression = true;
      return this;
    }

    Limits withOutboundBytes(int bytes) {
      outboundBytes = bytes;
      return this;
    }

    Limits withBufferedBytes(long bytes) {
      bufferedBytes = bytes;
      return this;
    }

    Limits withMessageTimeout(Duration timeout) {
      messageTimeout = timeout;
      return this;
    }

    Limits withHosts(String... allowed) {
      hosts = List.of(allowed);
      return this;
    }

    Limits withOrigins(String... allowed) {
      origins = List.of(allowed);
      return this;
    }

    Limits withProxies(String... trusted) {
      proxies = List.of(trusted);
      return this;
    }

    Limits withTimes(Duration handshake, Duration beat) {
      handshakeTimeout = handshake;
      heartbeat = beat;
      return this;
    }

    Limits withCloseTimeout(Duration timeout) {
      closeTimeout = timeout;
      return this;
    }

    WebSocketSettings settings(int port) {
      return WebSocketSettings.builder()
          .host("127.0.0.1")
          .port(port)
          .backlog(128)
          .maxConnections(connections)
          .spareConnections(spare)
          .maxConnectionsPerAddress(perAddress)
          .handshakesPerMinutePerAddress(handshakesPerMinute)
          .sessionsPerMinutePerAddress(sessionsPerMinute)
          .messagesPerSecond(rate)
          .messageBurst(burst)
          .smallFramesPerSecond(smallFrames)
          .maxOutboundBytes(outboundBytes)
          .maxBufferedBytes(bufferedBytes)
          .allowedOrigins(origins)
          .allowedHosts(hosts)
          .trustedProxies(proxies)
          .handshakeTimeout(handshakeTimeout)
          .idleTimeout(handshakeTimeout)
          .messageTimeout(messageTimeout)
          .heartbeat(heartbeat)
          .closeTimeout(closeTimeout)
          .retryAfter(Duration.ofMillis(6_500))
          .compression(compression)
          .build();
    }
  }
}
