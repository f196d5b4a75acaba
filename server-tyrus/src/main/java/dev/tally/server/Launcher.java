package dev.tally.server;

import dev.tally.chat.DrainReport;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.Readiness;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.metrics.AdminServer;
import dev.tally.metrics.Health;
import dev.tally.metrics.PrometheusChatMetrics;
import dev.tally.metrics.PrometheusServerMetrics;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.KeyLocation;
import dev.tally.server.grizzly.WebSocketSettings;
import dev.tally.server.logging.LogFormat;
import dev.tally.server.logging.Logging;
import dev.tally.server.settings.FileDescriptors;
import dev.tally.server.settings.HostAndPort;
import dev.tally.server.settings.ServerSettings;
import dev.tally.server.settings.SettingsCheck;
import dev.tally.server.websocket.BufferBudgets;
import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.RedisSessionStore;
import dev.tally.session.redis.RedisSettings;
import dev.tally.session.redis.RedisUrl;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Puts the server together, runs it until a signal, and takes it down in order. */
final class Launcher {

  // With the 8 KiB that Jedis has by default, two messages of 4 KiB cost a system call, and the
  // process uses 14 % more CPU for each.
  private static final String OUTPUT_BUFFER = "jedis.bufferSize.output";
  private static final String OUTPUT_BUFFER_BYTES = "65536";

  private static final Duration READY_POLL = Duration.ofMillis(10);

  private final ServerSettings settings;
  private final PrintWriter err;
  private final BuildInfo build = BuildInfo.read();
  private final InstantSource clock = InstantSource.system();
  private final MonotonicClock time = MonotonicClock.system();
  private final CollectorRegistry registry = new CollectorRegistry();
  private final PrometheusChatMetrics chatMetrics = new PrometheusChatMetrics(registry);
  private final PrometheusServerMetrics serverMetrics = new PrometheusServerMetrics(registry, time);

  /** Tells this process from the one before it on the same address, and from its siblings. */
  private final String instance = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());

  Launcher(ServerSettings settings, PrintWriter err) {
    this.settings = settings;
    this.err = err;
  }

  /** Blocks until the drain is over; returns the exit code. */
  int run() {
    LogFormat format = LogFormat.valueOf(settings.logFormat.value().toUpperCase(Locale.ROOT));
    // Before all else: a signal during the start leads to a drain too, not to exit code 143.
    Signals signals = Signals.install();
    Logging logging =
        Logging.start(
            format,
            settings.logLevel.value(),
            settings.color.value(),
            OutOfMemory::endTheProcessIf);
    try {
      Optional<RedisSettings> redis = SettingsCheck.redis(settings);
      if (redis.isEmpty()) {
        return serve(inMemoryStore(), Optional.empty(), signals, logging);
      }
      Optional<MessageLog> log = settings.messageLog.settings();
      // Before the store: Jedis reads the property once, when its class is loaded.
      if (log.isPresent() && System.getProperty(OUTPUT_BUFFER) == null) {
        System.setProperty(OUTPUT_BUFFER, OUTPUT_BUFFER_BYTES);
      }
      RedisSessionStore store = new RedisSessionStore(redis.get(), log, chatMetrics);
      // Before clients can connect. A Redis that is away is asked again by the first batch.
      Optional<String> misfit = store.misfitOfMessageLog();
      if (misfit.isPresent()) {
        err.println("tally-server: " + misfit.get() + " (--message-log-partitions).");
        err.flush();
        store.close();
        return 2;
      }
      return serve(store, log.map(each -> watch(store)), signals, logging);
    } catch (InterruptedException e) {
      return 1;
    } finally {
      logging.close();
    }
  }

  private SessionStore inMemoryStore() {
    int limit = settings.sessionLimit();
    InMemorySessionStore store =
        new InMemorySessionStore(
            settings.sessionTtl.value(), settings.unusedSessionTtl.value(), limit, time);
    serverMetrics.sessionsInMemory(store::size, limit);
    return store;
  }

  private MessageLogWatch watch(RedisSessionStore store) {
    MessageLogWatch watch = new MessageLogWatch(store::messageLogStatus, time);
    serverMetrics.messageLog(
        () -> watch.latest().entries(),
        () -> watch.latest().lag(),
        () -> watch.latest().lagRatio(),
        () -> watch.latest().unacknowledged());
    watch.start();
    return watch;
  }

  private int serve(
      SessionStore store, Optional<MessageLogWatch> watch, Signals signals, Logging logging)
      throws InterruptedException {
    Logger log = LoggerFactory.getLogger(Launcher.class);
    event(log, "start")
        .addKeyValue("version", build.version())
        .addKeyValue("revision", build.revision())
        .addKeyValue("instance", instance)
        .addKeyValue("java", Runtime.version().toString())
        .addKeyValue(
            "store", SettingsCheck.redisUrl(settings).map(RedisUrl::redacted).orElse("memory"))
        .addKeyValue("message_log", settings.messageLog.on.value() ? "on" : "off")
        .addKeyValue("auth", settings.auth.settings().map(Launcher::kind).orElse("off"))
        .log("starting");
    if (settings.auth.settings().filter(auth -> auth.audience().isEmpty()).isPresent()) {
      log.warn(
          "tokens that were made for other services are accepted too: set --auth-audience to what"
              + " aud names in those for this one");
    }
    int connections = settings.connectionLimit();
    if (!FileDescriptors.suffice(connections, settings.spareConnections.value())) {
      log.warn(
          "{} connections may come, but there are only {} file descriptors: raise their limit",
          connections,
          FileDescriptors.most());
    }
    serverMetrics.buildInfo(build.version(), build.revision(), settings.color.value().orElse(""));
    serverMetrics.connectionLimit(connections);
    serverMetrics.drainLimit(settings.drainDelay.value().plus(settings.drainTimeout.value()));
    serverMetrics.droppedLogLines(logging::droppedLines);
    SessionTotals totals = new SessionTotals();
    ChatMetrics metrics = new BothMetrics(totals, new BothMetrics(new HeartbeatLog(), chatMetrics));
    ChatServer server =
        new ChatServer(chatServerSettings(), settings.chatSettings(), store, metrics, clock, time);
    // Before the admin port is open: every scrape then has all gauges.
    chatMetrics.readyOnlyIf(server::hasKeys);
    serverMetrics.outboundBytes(server::outboundBytes);
    serverMetrics.throttled(server::throttled);
    addBuffers(serverMetrics, server.buffers());
    serverMetrics.buffer(
        "pending", settings.maxPendingBytes.value(), server.hub().statistics()::pendingBytes);
    serverMetrics.httpConnections(server::httpConnections);
    Optional<AdminServer> admin = Optional.empty();
    try {
      // Before the main port, so that probes have an answer as soon as clients have.
      admin = admin(registry, server);
      admin.ifPresent(serverMetrics::adminPort);
      server.start();
    } catch (IOException e) {
      // Which of the two ports it was: the admin port is bound first.
      boolean main = admin.isPresent() || settings.admin.port.value() == 0;
      String address =
          main
              ? HostAndPort.text(settings.host.value(), settings.port.value())
              : HostAndPort.text(settings.admin.host.value(), settings.admin.port.value());
      err.printf(
          "tally-server: cannot listen on %s: %s. Stop what listens there, or choose another port"
              + " with %s.%n",
          address, e.getMessage(), main ? "--port" : "--admin-port");
      err.flush();
      admin.ifPresent(AdminServer::close);
      return 1;
    }
    try {
      announceWhenReady(log, server, admin, serverMetrics);
      signals.await();
      serverMetrics.drainStarted();
      // Its connections are closed with the store. Other servers ask the same.
      watch.ifPresent(MessageLogWatch::close);
      totals
          .addTo(event(log, "drain"))
          .addKeyValue("connections", server.hub().statistics().connections())
          .log("draining");
      DrainReport report = server.stop();
      totals
          .addTo(event(log, "stop"))
          .addKeyValue("connections", report.connections())
          .addKeyValue("superseded", report.superseded())
          .addKeyValue("abandoned", report.abandoned())
          .addKeyValue("drain_unacknowledged", report.unacknowledged())
          .addKeyValue("duration_ms", report.took().toMillis())
          // Last: it waits for the lines before this one, and a promotion trusts the sum.
          .addKeyValue("log_dropped_lines", logging.settle())
          .log("stopped");
      return 0;
    } finally {
      // Open until now: during the drain Prometheus still scrapes, and /readyz says "draining".
      admin.ifPresent(AdminServer::close);
    }
  }

  private static String kind(AuthSettings auth) {
    return auth.keys() instanceof KeyLocation.Secret ? "secret" : "jwks";
  }

  private static void addBuffers(PrometheusServerMetrics serverMetrics, BufferBudgets buffers) {
    serverMetrics.buffer("messages", buffers.messages().limit(), buffers.messages()::used);
    serverMetrics.buffer("replies", buffers.replies().limit(), buffers.replies()::used);
    serverMetrics.buffer("http", buffers.http().limit(), buffers.http()::used);
  }

  private WebSocketSettings webSocket() {
    return WebSocketSettings.builder()
        .host(settings.host.value())
        .port(settings.port.value())
        .backlog(settings.backlog.value())
        .maxMessageBytes(settings.maxMessageBytes.value())
        .compression(settings.compression.value())
        .maxConnections(settings.connectionLimit())
        .spareConnections(settings.spareConnections.value())
        .maxConnectionsPerAddress(settings.perAddress.maxConnections.value())
        .handshakesPerMinutePerAddress(settings.perAddress.handshakeRate.value())
        .sessionsPerMinutePerAddress(settings.perAddress.sessionRate.value())
        .messagesPerSecond(settings.messageRate.value())
        // As much as in two seconds at once: a client that was away sends what it kept.
        .messageBurst(
            (int) Math.min(Integer.MAX_VALUE, Math.max(1, 2L * settings.messageRate.value())))
        .smallFramesPerSecond(settings.smallFrameRate.value())
        .maxOutboundBytes(settings.maxOutboundBytes.value())
        .maxBufferedBytes(settings.bufferedBytes())
        .allowedOrigins(settings.allowedOrigins.value())
        .allowedHosts(settings.allowedHosts.value())
        .trustedProxies(settings.trustedProxies.value())
        .headLimits(settings.headLimits())
        .handshakeTimeout(settings.handshakeTimeout.value())
        .idleTimeout(settings.httpIdleTimeout.value())
        .messageTimeout(settings.messageTimeout.value())
        .heartbeat(settings.heartbeat.value())
        .closeTimeout(settings.closeTimeout.value())
        .retryAfter(settings.retryAfter.value())
        .build();
  }

  private ChatServerSettings chatServerSettings() {
    String adminAddress =
        settings.admin.port.value() == 0
            ? ""
            : HostAndPort.text(settings.admin.host.value(), settings.admin.port.value());
    return new ChatServerSettings(
        webSocket(),
        settings.color.value().orElse(""),
        build.version(),
        instance,
        adminAddress,
        settings.drainDelay.value(),
        settings.auth.settings());
  }

  private Optional<AdminServer> admin(CollectorRegistry registry, ChatServer server)
      throws IOException {
    if (settings.admin.port.value() == 0) {
      return Optional.empty();
    }
    Health health =
        new Health(server::readiness, settings.color.value().orElse(""), build.version(), instance);
    InetSocketAddress address =
        new InetSocketAddress(settings.admin.host.value(), settings.admin.port.value());
    AdminServer admin =
        new AdminServer(
            address,
            registry,
            health,
            server.hub(),
            settings.admin.maxConnections.value(),
            settings.admin.timeout.value(),
            settings.headLimits());
    return Optional.of(admin);
  }

  /** Waits on a thread of its own: the store may answer late, or only after it was repaired. */
  private void announceWhenReady(
      Logger log,
      ChatServer server,
      Optional<AdminServer> admin,
      PrometheusServerMetrics serverMetrics) {
    Thread thread =
        new Thread(
            () -> {
              try {
                Readiness readiness = server.readiness();
                while (!readiness.ready()) {
                  if (readiness.reason().equals("draining")) {
                    // Stopped before it was ready; this would wait for ever.
                    return;
                  }
                  Thread.sleep(READY_POLL.toMillis());
                  readiness = server.readiness();
                }
              } catch (InterruptedException e) {
                return;
              }
              long upMillis = ManagementFactory.getRuntimeMXBean().getUptime();
              serverMetrics.started(Duration.ofMillis(upMillis));
              LoggingEventBuilder ready = event(log, "ready").addKeyValue("port", server.port());
              if (admin.isPresent()) {
                ready = ready.addKeyValue("admin_port", admin.get().port());
              }
              ready.addKeyValue("startup_ms", upMillis).log("ready");
            },
            "tally-ready");
    thread.setDaemon(true);
    thread.start();
  }

  private static LoggingEventBuilder event(Logger log, String name) {
    return log.atInfo().addKeyValue("event", name);
  }
}
