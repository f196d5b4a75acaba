package dev.tally.server;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.DrainReport;
import dev.tally.chat.Readiness;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.metrics.Health;
import dev.tally.server.auth.TokenVerifier;
import dev.tally.server.grizzly.WebSocketServer;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.http.StatusPages;
import dev.tally.server.jakarta.ChatEndpoint;
import dev.tally.server.websocket.BufferBudgets;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The chat on a port: the hub, the endpoint and the listener, started and drained as one. Call
 * {@link #start} and {@link #stop} once each, from any thread.
 */
public final class ChatServer {

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** The most that is kept back from the drain timeout for the threads' end. */
  private static final long SHUTDOWN_MILLIS = 200;

  /**
   * Of a short drain timeout one part in so many is kept back. The hub takes up to 95 % of the
   * timeout and leaves the rest to clients that still read.
   */
  private static final int SHUTDOWN_PART = 50;

  private final ChatServerSettings settings;
  private final Duration drainTimeout;
  private final MonotonicClock time;
  private final ChatHub hub;
  private final Optional<TokenVerifier> tokens;
  private final WebSocketServer server;

  /**
   * Wires the server; nothing listens yet.
   *
   * @param settings the listener's and the pages'
   * @param chat the hub's
   * @param store where sessions live; closed by {@link #stop}
   * @param metrics told of what happens
   * @param clock the time of day
   * @param time measures every duration
   */
  public ChatServer(
      ChatServerSettings settings,
      ChatSettings chat,
      SessionStore store,
      ChatMetrics metrics,
      InstantSource clock,
      MonotonicClock time) {
    this.settings = settings;
    this.drainTimeout = chat.drainTimeout();
    this.time = time;
    this.hub = new ChatHub(store, metrics, chat, clock, time, MessageListener.NONE);
    this.tokens = settings.auth().map(auth -> new TokenVerifier(auth, clock, time));
    this.server =
        new WebSocketServer(
            settings.webSocket(),
            ChatEndpoint.configs(hub),
            new StatusPages(
                new Health(
                    this::readiness, settings.color(), settings.version(), settings.instance()),
                settings.webSocket().allowedHosts(),
                settings.adminAddress()),
            authentication(),
            hub.metrics(),
            time);
  }

  private Authentication authentication() {
    return tokens
        .map(
            verifier ->
                Authentication.by(
                    verifier,
                    settings.auth().orElseThrow().query(),
                    settings.webSocket().retryAfter()))
        .orElseGet(Authentication::off);
  }

  /**
   * Whether a balancer should send new clients here. Beyond the hub's reasons there is {@code
   * keys_unavailable}: until the server has keys to check tokens with, it refuses all clients.
   *
   * @return the state now, and its reason
   */
  public Readiness readiness() {
    Readiness now = hub.readiness();
    return now.ready() && !hasKeys() ? new Readiness(false, "keys_unavailable") : now;
  }

  /**
   * Whether tokens can be checked.
   *
   * @return true also if authentication is off
   */
  public boolean hasKeys() {
    return tokens.isEmpty() || tokens.get().hasKeys();
  }

  /**
   * Binds, listens, and starts the hub. The hub comes last: it says that it is ready, on the admin
   * port as well, only once clients can connect. Those that connect before it wait for it.
   *
   * @throws IOException if the address cannot be bound; the hub is not started then
   */
  public void start() throws IOException {
    // First what may fail: a port that is taken leaves no thread behind.
    server.start();
    tokens.ifPresent(TokenVerifier::start);
    hub.start();
  }

  /**
   * Drains: not ready at once, no new handshake once the delay for the balancer is over, every
   * client gets its bye and 1001 in its own slot, the last counts are stored. Blocks until all is
   * done.
   *
   * @return the ledger
   */
  public DrainReport stop() {
    // In this order, so that every client is told when to come back. While the balancer still sends
    // clients, they are served. After that a handshake gets 503 with Retry-After; a socket that is
    // not open yet is refused by the kernel. The hub gives slots to the clients that it has then.
    hub.announceDrain();
    pause(settings.drainDelay().toMillis());
    server.refuseHandshakes();
    server.stopAccepting();
    long deadline = time.millis() + drainTimeout.toMillis();
    DrainReport report = hub.drain();
    // The hub waits for its sessions; a socket also waits for the client's close frame.
    awaitGone(deadline - Math.min(SHUTDOWN_MILLIS, drainTimeout.toMillis() / SHUTDOWN_PART));
    server.terminateConnections();
    // After the connections: each that ends calls the hub, and the hub closes the store.
    hub.close();
    server.stop();
    tokens.ifPresent(TokenVerifier::close);
    return report;
  }

  /** Gives the last close frames time to be read. */
  private void awaitGone(long deadline) {
    while (server.connections() > 0 && time.millis() < deadline) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private void pause(long millis) {
    long deadline = time.millis() + millis;
    for (long left = millis; left > 0; left = deadline - time.millis()) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(left));
    }
  }

  /**
   * The port that is listened on.
   *
   * @return what was picked if 0 was asked for
   */
  public int port() {
    return server.port();
  }

  /**
   * The hub behind the endpoint, for readiness and gauges.
   *
   * @return the hub
   */
  public ChatHub hub() {
    return hub;
  }

  /**
   * Sockets that are no WebSocket: handshakes under way and plain HTTP.
   *
   * @return 0 or more
   */
  public int httpConnections() {
    return server.httpConnections();
  }

  /**
   * Bytes that wait for slow readers.
   *
   * @return 0 or more
   */
  public long outboundBytes() {
    return server.outboundBytes();
  }

  /**
   * How often reading from a client was stopped because it was ahead of its message rate.
   *
   * @return since the start
   */
  public long throttled() {
    return server.throttled();
  }

  /**
   * How much clients make the process hold, and may.
   *
   * @return the budgets that the listener draws from
   */
  public BufferBudgets buffers() {
    return server.buffers();
  }
}
