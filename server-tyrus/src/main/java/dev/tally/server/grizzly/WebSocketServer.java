package dev.tally.server.grizzly;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.server.handshake.Authentication;
import dev.tally.server.handshake.ConnectionLimits;
import dev.tally.server.handshake.RateLimits;
import dev.tally.server.http.HttpAnswer;
import dev.tally.server.http.HttpRequest;
import dev.tally.server.websocket.BufferBudgets;
import dev.tally.server.websocket.FrameRate;
import dev.tally.server.websocket.Liveness;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.glassfish.grizzly.asyncqueue.AsyncQueueWriter;
import org.glassfish.grizzly.filterchain.FilterChainBuilder;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.server.FileCacheFilter;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;
import org.glassfish.grizzly.nio.transport.TCPNIOTransportBuilder;
import org.glassfish.grizzly.strategies.SameThreadIOStrategy;
import org.glassfish.grizzly.utils.IdleTimeoutFilter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One listener for WebSockets and plain HTTP. Order of calls: {@link #start}, then for an orderly
 * end {@link #refuseHandshakes}, {@link #stopAccepting}, {@link #terminateConnections} and {@link
 * #stop}.
 */
public final class WebSocketServer {

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketServer.class);
  private static final int READ_BUFFER_BYTES = 16 * 1024;

  private final EndpointContainer container;
  private final List<ServerEndpointConfig> endpoints;
  private final WebSocketSettings settings;
  private final BufferBudgets budgets;
  private final ConnectionLimits limits;
  private final PausedReaders pausedReaders = new PausedReaders();
  private final ConnectionRegistry registry;
  private final Liveness liveness;
  private final LivenessSweep sweep;
  private final HttpSockets httpSockets;
  private final UpgradeFilter upgrades;
  private final HttpServer server = new HttpServer();
  private final NetworkListener listener;
  private final ScheduledExecutorService sweeper;

  /**
   * Makes a server that does not listen yet.
   *
   * @param settings addresses and limits
   * @param endpoints what to serve, each on a path without parameters
   * @param pages answers everything that is no handshake; must not block
   * @param authentication who may open a WebSocket; must not block
   * @param metrics told of handshakes and errors; must not throw
   * @param time measures timeouts and rates
   * @throws IllegalArgumentException if one of the trusted proxies is no CIDR block
   */
  public WebSocketServer(
      WebSocketSettings settings,
      List<ServerEndpointConfig> endpoints,
      Function<HttpRequest, HttpAnswer> pages,
      Authentication authentication,
      ChatMetrics metrics,
      MonotonicClock time) {
    this.endpoints = List.copyOf(endpoints);
    this.container = new EndpointContainer(settings.maxMessageBytes());
    this.settings = settings;
    this.budgets = BufferBudgets.of(settings.maxBufferedBytes());
    this.limits =
        new ConnectionLimits(settings.maxConnections(), settings.maxConnectionsPerAddress());
    this.liveness = new Liveness(settings.heartbeat(), settings.closeTimeout());
    SelectorLoops loops =
        new SelectorLoops(
            settings, budgets, new FrameRate(settings.smallFramesPerSecond(), time), liveness);
    this.registry = new ConnectionRegistry(settings, limits, loops, pausedReaders, metrics, time);
    this.sweep = new LivenessSweep(liveness, registry.connections(), loops, settings);
    this.httpSockets = new HttpSockets(settings, limits, budgets.http(), metrics, time);
    this.upgrades =
        new UpgradeFilter(
            endpoints.stream().map(ServerEndpointConfig::getPath).collect(Collectors.toSet()),
            container.getWebSocketEngine(),
            settings,
            limits,
            new RateLimits(
                settings.handshakesPerMinutePerAddress(),
                settings.sessionsPerMinutePerAddress(),
                time),
            registry,
            httpSockets,
            pages,
            authentication,
            metrics);
    this.listener = new NetworkListener("main", settings.host(), settings.port());
    this.listener.setTransport(transport(settings.backlog()));
    this.listener.registerAddOn((network, chain) -> setFilters(chain));
    this.server.addListener(listener);
    this.sweeper =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "tally-sweep");
              thread.setDaemon(true);
              return thread;
            });
  }

  private static TCPNIOTransport transport(int backlog) {
    TCPNIOTransport transport =
        TCPNIOTransportBuilder.newInstance()
            .setName("tally")
            .setIOStrategy(SameThreadIOStrategy.getInstance())
            .setReadBufferSize(READ_BUFFER_BYTES)
            .setServerConnectionBackLog(backlog)
            .setTcpNoDelay(true)
            .build();
    // Writes never fail and never wait. HttpSockets bounds the queue before each of them.
    transport
        .getAsyncQueueIO()
        .getWriter()
        .setMaxPendingBytesPerConnection(AsyncQueueWriter.UNLIMITED_SIZE);
    transport.setSelectorRunnersCount(Runtime.getRuntime().availableProcessors());
    return transport;
  }

  /** Each filter of the chain costs every connection some memory, also after the upgrade. */
  private void setFilters(FilterChainBuilder chain) {
    chain.remove(chain.indexOfType(IdleTimeoutFilter.class));
    chain.set(
        chain.indexOfType(HttpServerFilter.class),
        new RequestCodec(listener, settings.headLimits(), httpSockets));
    chain.remove(chain.indexOfType(org.glassfish.grizzly.http.server.HttpServerFilter.class));
    chain.set(chain.indexOfType(FileCacheFilter.class), upgrades);
  }

  /**
   * Registers the endpoints, binds and listens.
   *
   * @throws IOException if the address cannot be bound
   */
  public void start() throws IOException {
    try {
      for (ServerEndpointConfig endpoint : endpoints) {
        container.register(endpoint);
      }
      container.doneDeployment();
    } catch (DeploymentException e) {
      throw new IllegalStateException("the endpoint cannot be deployed", e);
    }
    server.start();
    if (settings.messagesPerSecond() > 0) {
      ScheduledFuture<?> unused =
          sweeper.scheduleWithFixedDelay(
              pausedReaders::wake,
              PausedReaders.WAKE_MILLIS,
              PausedReaders.WAKE_MILLIS,
              TimeUnit.MILLISECONDS);
    }
    sweep();
  }

  /**
   * One step, and the next one after a pause; what a pause of the process held up is not made up
   * for.
   */
  private void sweep() {
    long pause = liveness.roundMillis();
    try {
      if (sweep.isRoundOver()) {
        httpSockets.sweep();
      }
      pause = sweep.step();
    } catch (RuntimeException e) {
      LOGGER.atError().addKeyValue("event", "error").setCause(e).log("sweep failed");
    }
    if (!sweeper.isShutdown()) {
      ScheduledFuture<?> unused = sweeper.schedule(this::sweep, pause, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * The port that is listened on.
   *
   * @return the port; what was picked if 0 was asked for
   */
  public int port() {
    return listener.getPort();
  }

  /**
   * WebSockets that are open.
   *
   * @return 0 or more
   */
  public int connections() {
    return limits.connections();
  }

  /**
   * Sockets that are no WebSocket: handshakes under way and plain HTTP.
   *
   * @return 0 or more
   */
  public int httpConnections() {
    return httpSockets.size();
  }

  /**
   * Bytes that wait for readers, all sockets together. Looks at each of them.
   *
   * @return 0 or more
   */
  public long outboundBytes() {
    return registry.queuedBytes() + httpSockets.waitingBytes();
  }

  /**
   * How much clients make the process hold, and may.
   *
   * @return the budgets of this listener
   */
  public BufferBudgets buffers() {
    return budgets;
  }

  /**
   * How often reading from a client was stopped because it was ahead of its message rate.
   *
   * @return since the start
   */
  public long throttled() {
    return pausedReaders.pauses();
  }

  /** Answers handshakes with 503 from now on; what is open goes on working. */
  public void refuseHandshakes() {
    upgrades.drain();
  }

  /** Closes the listening socket; what is open goes on working. */
  public void stopAccepting() {
    listener.getTransport().unbindAll();
  }

  /** Cuts every WebSocket that is still there, without a close frame. */
  public void terminateConnections() {
    registry.terminateAll();
  }

  /** Ends all threads and everything that is still open. */
  public void stop() {
    sweeper.shutdownNow();
    registry.terminateAll();
    server.shutdownNow();
    container.stop();
  }
}
