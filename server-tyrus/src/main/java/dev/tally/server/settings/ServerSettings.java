package dev.tally.server.settings;

import dev.tally.chat.ChatSettings;
import dev.tally.metrics.http.HeadLimits;
import dev.tally.server.grizzly.WebSocketSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What the server can be told: each {@link Setting} is a flag, an environment variable ({@link
 * EnvironmentSettings}) and a default. Filled by picocli, which checks every value; not changed
 * afterwards.
 */
public final class ServerSettings {

  private static final ChatSettings DEFAULTS = ChatSettings.defaults();

  private static final WebSocketSettings LISTENER = WebSocketSettings.defaults();

  /** 128 measured; the rest is for the table while it doubles, and for heaps of 32 GiB and more. */
  private static final int BYTES_PER_SESSION = 200;

  /** Filled by the fields below, so their order is the one of the help and of the documentation. */
  private final Flags flags = new Flags();

  public final Setting<String> host =
      flags.add(
          "--host",
          "ADDRESS",
          new Values.Text(),
          LISTENER.host(),
          "Address that the main port listens on.");

  public final Setting<Integer> port =
      flags.add(
          "--port",
          "PORT",
          new Values.Port(),
          LISTENER.port(),
          "Main port: WebSocket, health, page. 0: any free port; the event ready says which.");

  public final Setting<Integer> backlog =
      flags.add(
          "--backlog",
          "N",
          new Values.PositiveInt(),
          LISTENER.backlog(),
          "Connections that the kernel keeps until the server accepts them; the kernel has a "
              + "limit of its own (somaxconn).");

  public final AdminFlags admin = new AdminFlags(flags);

  public final Setting<Optional<String>> redisUrl =
      flags.add(
          "--redis-url",
          "URL",
          new Values.OptionalText(),
          Optional.empty(),
          "Where sessions are kept. Without it: in the memory of this process.");

  public final Setting<Optional<SecretFile>> redisUrlFile =
      flags.add(
          "--redis-url-file",
          "FILE",
          new Values.OptionalSecretFile(),
          Optional.empty(),
          "A file with the value of --redis-url, read at the start. It keeps the password out of "
              + "the environment and the list of processes. Not together with --redis-url.");

  public final MessageLogFlags messageLog = new MessageLogFlags(flags);

  public final Setting<Duration> sessionTtl =
      flags.duration(
          "--session-ttl",
          DEFAULTS.sessionTtl(),
          "How long a session is kept after its last message or connected moment.");

  public final Setting<Duration> unusedSessionTtl =
      flags.duration(
          "--unused-session-ttl",
          DEFAULTS.unusedSessionTtl(),
          "The same for a session without a counted message; at most --session-ttl.");

  public final Setting<Duration> heartbeat =
      flags.duration("--heartbeat", DEFAULTS.heartbeat(), "Time between heartbeats.");

  public final Setting<Duration> drainTimeout =
      flags.duration(
          "--drain-timeout",
          DEFAULTS.drainTimeout(),
          "The longest time for a drain, from the end of --drain-delay until the last "
              + "connection is closed.");

  public final Setting<Duration> drainOverlap =
      flags.duration(
          "--drain-overlap",
          DEFAULTS.drainOverlap(),
          "How long the old connection of a tally.v1 client works after its slot, so that the"
              + " client can move.");

  public final Setting<Duration> drainDelay =
      flags.add(
          "--drain-delay",
          "DURATION",
          new Values.AnyDuration(),
          Duration.ZERO,
          "How long the server says that it is not ready, and still accepts new clients, "
              + "before the drain begins.");

  public final Setting<Duration> handshakeTimeout =
      flags.duration(
          "--handshake-timeout",
          LISTENER.handshakeTimeout(),
          "How long an HTTP request may take to arrive completely, and a client to read the "
              + "answer.");

  public final Setting<Duration> httpIdleTimeout =
      flags.duration(
          "--http-idle-timeout",
          LISTENER.idleTimeout(),
          "How long a connection of plain HTTP waits for its next request. Set it to more "
              + "than the time for which your load balancer keeps unused connections, or some "
              + "requests fail.");

  public final Setting<Integer> maxHeadBytes =
      flags.add(
          "--max-head-bytes",
          "BYTES",
          new Values.HeadBytes(),
          HeadLimits.DEFAULT.bytes(),
          "The longest request line with all headers, up to 1 MiB, on both ports.");

  public final Setting<Integer> maxHeaders =
      flags.add(
          "--max-headers",
          "N",
          new Values.Headers(),
          HeadLimits.DEFAULT.headers(),
          "Header lines of one request, up to 10,000, on both ports.");

  public final Setting<Duration> messageTimeout =
      flags.duration(
          "--message-timeout",
          LISTENER.messageTimeout(),
          "How long a message may take from its first byte to its last.");

  public final Setting<Duration> closeTimeout =
      flags.duration(
          "--close-timeout",
          LISTENER.closeTimeout(),
          "How long a client may take to answer a close frame.");

  public final Setting<Duration> openTimeout =
      flags.duration(
          "--open-timeout",
          DEFAULTS.openTimeout(),
          "How long a client waits for the store to open its session.");

  public final Setting<Duration> commitTimeout =
      flags.duration(
          "--commit-timeout",
          DEFAULTS.commitTimeout(),
          "How long a message may wait for the store to take its count.");

  public final Setting<Duration> storeGrace =
      flags.duration(
          "--store-grace",
          DEFAULTS.storeGrace(),
          "How long the store may be down, or full, before /readyz answers 503.");

  public final Setting<Duration> retryBackoff =
      flags.duration(
          "--retry-backoff",
          DEFAULTS.retryBackoff(),
          "The longest pause between two attempts while the store is down.");

  public final Setting<Integer> maxSessions =
      flags.add(
          "--max-sessions",
          "N",
          new Values.NonNegativeInt(),
          0,
          "The most sessions in memory; without effect with Redis. 0: as many as a quarter of"
              + " the heap holds.");

  public final Setting<Integer> maxPendingMessages =
      flags.add(
          "--max-pending-messages",
          "N",
          new Values.PositiveInt(),
          DEFAULTS.maxPendingMessages(),
          "The most unacknowledged messages of one session.");

  public final Setting<Long> maxPendingBytes =
      flags.add(
          "--max-pending-bytes",
          "BYTES",
          new Values.PositiveLong(),
          DEFAULTS.maxPendingBytes(),
          "Memory for the unacknowledged messages of all sessions: 64 bytes each, and their text with --message-log. One session may use a sixteenth.");

  public final Setting<Integer> maxBatch =
      flags.add(
          "--max-batch",
          "N",
          new Values.PositiveInt(),
          DEFAULTS.maxBatch(),
          "The most sessions in one batch for the store.");

  public final Setting<Integer> maxMessageBytes =
      flags.add(
          "--max-message-bytes",
          "BYTES",
          new Values.MessageBytes(),
          LISTENER.maxMessageBytes(),
          "The longest message, up to 1 GiB; a longer one closes its connection with 1009.");

  public final Setting<Boolean> compression =
      flags.add(
          "--compression",
          "ON|OFF",
          new Values.OnOff(),
          LISTENER.compression(),
          "on: clients may compress their messages (permessage-deflate). Replies are never compressed.");

  public final Setting<Integer> maxConnections =
      flags.add(
          "--max-connections",
          "N",
          new Values.NonNegativeInt(),
          0,
          "The most WebSockets at a time. 0: from the limit on file descriptors.");

  public final Setting<Integer> spareConnections =
      flags.add(
          "--spare-connections",
          "N",
          new Values.PositiveInt(),
          LISTENER.spareConnections(),
          "Sockets above --max-connections, for handshakes and plain HTTP. If one more comes,"
              + " the server closes one of the address with the most: the one that was silent "
              + "longest.");

  public final AddressFlags perAddress = new AddressFlags(flags);

  public final Setting<Integer> messageRate =
      flags.add(
          "--message-rate",
          "N",
          new Values.NonNegativeInt(),
          LISTENER.messagesPerSecond(),
          "Messages a second from one connection; at once, twice as many. The server reads "
              + "more slowly from a client that sends faster. 0: off.");

  public final Setting<Integer> smallFrameRate =
      flags.add(
          "--small-frame-rate",
          "N",
          new Values.NonNegativeInt(),
          LISTENER.smallFramesPerSecond(),
          "Pings, pongs and fragments below 64 bytes a second from one connection; at once, "
              + "ten times as many. More close it with 1008. 0: off.");

  public final Setting<Integer> maxOutboundBytes =
      flags.add(
          "--max-outbound-bytes",
          "BYTES",
          new Values.PositiveInt(),
          LISTENER.maxOutboundBytes(),
          "Bytes that may wait for a client that reads slowly, and as many again in the "
              + "kernel. More end its connection.");

  public final Setting<Long> maxBufferedBytes =
      flags.add(
          "--max-buffered-bytes",
          "BYTES",
          new Values.NonNegativeLong(),
          0L,
          "Memory that all clients together may use: half of it for unfinished messages, "
              + "three eighths for replies to slow readers, an eighth for HTTP. 0: a quarter of the"
              + " maximum heap.");

  public final Setting<Duration> retryAfter =
      flags.duration(
          "--retry-after",
          DEFAULTS.retryAfter(),
          "When a refused or closed client may come back: in HTTP rounded up to whole "
              + "seconds. Of WebSockets that are closed together, the first client comes back after"
              + " this time and the others follow, 500 a second.");

  public final Setting<List<String>> allowedOrigins =
      flags.list(
          "--allowed-origins",
          "ORIGIN",
          new Values.Origin(),
          "Origins whose pages may connect; * for all. Without it: the same origin. Requests"
              + " without an Origin header always may.");

  public final Setting<List<String>> allowedHosts =
      flags.list(
          "--allowed-hosts",
          "HOST",
          new Values.Host(),
          "Names that a request may have in Host, with or without a port. Without it: any.");

  public final Setting<List<String>> trustedProxies =
      flags.list(
          "--trusted-proxies",
          "CIDR",
          new Values.Cidr(),
          "Addresses or CIDR blocks of proxies, separated by commas. Only from them the "
              + "server takes X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Port and Forwarded. "
              + "Without it: none.");

  public final AuthFlags auth = new AuthFlags(flags);

  public final Setting<Optional<String>> color =
      flags.add(
          "--color",
          "COLOR",
          new Values.Color(),
          Optional.empty(),
          "The name of this colour, for logs, metrics and the page.");

  public final Setting<String> logFormat =
      flags.add(
          "--log-format",
          "FORMAT",
          new Values.LogFormats(),
          "auto",
          "auto, text or json. auto: text on a terminal, else json.");

  public final Setting<String> logLevel =
      flags.add(
          "--log-level",
          "LEVEL",
          new Values.LogLevels(),
          "info",
          "trace, debug, info, warn or error.");

  /** The flags, in the order in which help and documentation list them. */
  public List<OptionSpec> options() {
    return flags.options();
  }

  /** The part of the settings that the hub takes. */
  public ChatSettings chatSettings() {
    return ChatSettings.builder()
        .sessionTtl(sessionTtl.value())
        .unusedSessionTtl(unusedSessionTtl.value())
        .heartbeat(heartbeat.value())
        .drainTimeout(drainTimeout.value())
        .drainOverlap(drainOverlap.value())
        .openTimeout(openTimeout.value())
        .commitTimeout(commitTimeout.value())
        .expiryLeeway(auth.leeway.value())
        .storeGrace(storeGrace.value())
        .retryBackoff(retryBackoff.value())
        .retryAfter(retryAfter.value())
        .maxPendingMessages(maxPendingMessages.value())
        .maxPendingBytes(maxPendingBytes.value())
        .maxBatch(maxBatch.value())
        .build();
  }

  /** How large the head of a request may be. */
  public HeadLimits headLimits() {
    return new HeadLimits(maxHeadBytes.value(), maxHeaders.value());
  }

  // A 0 is resolved where the value is used: --print-config shows what was set, so that its output
  // means the same on another machine.

  /** The limit on connections, with 0 resolved. */
  public int connectionLimit() {
    return maxConnections.value() > 0
        ? maxConnections.value()
        : FileDescriptors.connectionLimit(spareConnections.value());
  }

  /** The bound on sessions in memory, with 0 resolved. */
  public int sessionLimit() {
    long quarter = Runtime.getRuntime().maxMemory() / 4;
    return maxSessions.value() > 0
        ? maxSessions.value()
        : (int) Math.min(Integer.MAX_VALUE, Math.max(1, quarter / BYTES_PER_SESSION));
  }

  /** The bound on what clients make the process hold, with 0 resolved. */
  public long bufferedBytes() {
    long given = maxBufferedBytes.value();
    return given > 0 ? given : Runtime.getRuntime().maxMemory() / 4;
  }
}
