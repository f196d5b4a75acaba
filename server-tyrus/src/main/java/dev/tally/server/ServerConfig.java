package dev.tally.server;

import dev.tally.chat.ChatConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * What the server can be told: each field is a flag, an environment variable ({@link Settings}) and
 * a default. Filled by picocli, which checks every value; not changed afterwards.
 */
final class ServerConfig {

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address that the main port listens on.")
  String host = "0.0.0.0";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      converter = Values.Port.class,
      description = "Main port: WebSocket, health, page. 0: any free one, see the event ready.")
  int port = 8000;

  @Option(
      names = "--backlog",
      paramLabel = "N",
      converter = Values.PositiveInt.class,
      description = "Connections that the kernel keeps until we take them; it has a limit itself.")
  int backlog = 4096;

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address that the admin port listens on.")
  String adminHost = "127.0.0.1";

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      converter = Values.Port.class,
      description = "Admin port: metrics and health. 0: off.")
  int adminPort = 8001;

  @Option(
      names = "--redis-url",
      paramLabel = "URL",
      description = "Where sessions live. Without it: in the memory of this process.")
  Optional<String> redisUrl = Optional.empty();

  @Option(
      names = "--session-ttl",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long a session is kept after its last message or connected moment.")
  Duration sessionTtl = ChatConfig.defaults().sessionTtl();

  @Option(
      names = "--heartbeat",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "Time between heartbeats.")
  Duration heartbeat = ChatConfig.defaults().heartbeat();

  @Option(
      names = "--drain-timeout",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "Time from the signal to stop until the last connection is gone.")
  Duration drainTimeout = ChatConfig.defaults().drainTimeout();

  @Option(
      names = "--drain-overlap",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description =
          "How long a tally.v1 client may take to move while its old connection still works.")
  Duration drainOverlap = ChatConfig.defaults().drainOverlap();

  @Option(
      names = "--drain-delay",
      paramLabel = "DURATION",
      converter = Values.AnyDuration.class,
      description = "How long to be unready, for the balancer to notice, before the first bye.")
  Duration drainDelay = Duration.ZERO;

  @Option(
      names = "--handshake-timeout",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long a new connection may take to send its request.")
  Duration handshakeTimeout = Duration.ofSeconds(10);

  @Option(
      names = "--close-timeout",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long a client may take to answer a close frame.")
  Duration closeTimeout = Duration.ofSeconds(2);

  @Option(
      names = "--open-timeout",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long a client waits for the store to open its session.")
  Duration openTimeout = ChatConfig.defaults().openTimeout();

  @Option(
      names = "--commit-timeout",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long a message may wait for the store to take its count.")
  Duration commitTimeout = ChatConfig.defaults().commitTimeout();

  @Option(
      names = "--store-grace",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "How long the store may be down before /readyz says so.")
  Duration storeGrace = ChatConfig.defaults().storeGrace();

  @Option(
      names = "--retry-backoff",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description = "The longest pause between two tries while the store is down.")
  Duration retryBackoff = ChatConfig.defaults().retryBackoff();

  @Option(
      names = "--max-sessions",
      paramLabel = "N",
      converter = Values.PositiveInt.class,
      description = "Sessions that are kept in memory; no limit of Redis.")
  int maxSessions = 1_000_000;

  @Option(
      names = "--max-pending-messages",
      paramLabel = "N",
      converter = Values.PositiveInt.class,
      description = "Unacknowledged messages of one session.")
  int maxPendingMessages = ChatConfig.defaults().maxPendingMessages();

  @Option(
      names = "--max-pending-bytes",
      paramLabel = "BYTES",
      converter = Values.PositiveLong.class,
      description =
          "Bytes of unacknowledged messages, all sessions together: payload, and 64 for each message.")
  long maxPendingBytes = ChatConfig.defaults().maxPendingBytes();

  @Option(
      names = "--max-batch",
      paramLabel = "N",
      converter = Values.PositiveInt.class,
      description = "Sessions in one batch for the store.")
  int maxBatch = ChatConfig.defaults().maxBatch();

  @Option(
      names = "--max-message-bytes",
      paramLabel = "BYTES",
      converter = Values.MessageBytes.class,
      description = "The longest message, up to 1 GiB; a longer one ends its connection with 1009.")
  int maxMessageBytes = 65_536;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      converter = Values.NonNegativeInt.class,
      description = "Connections at a time. 0: from the limit on file descriptors.")
  int maxConnections;

  @Option(
      names = "--max-connections-per-address",
      paramLabel = "N",
      converter = Values.NonNegativeInt.class,
      description = "Connections at a time from one address. 0: off.")
  int maxConnectionsPerAddress;

  @Option(
      names = "--message-rate",
      paramLabel = "N",
      converter = Values.NonNegativeInt.class,
      description = "Messages a second from one connection, with a burst. 0: off.")
  int messageRate;

  @Option(
      names = "--max-outbound-bytes",
      paramLabel = "BYTES",
      converter = Values.PositiveInt.class,
      description = "What may wait for a slow reader; more ends its connection.")
  int maxOutboundBytes = 262_144;

  @Option(
      names = "--retry-after",
      paramLabel = "DURATION",
      converter = Values.PositiveDuration.class,
      description =
          "When to come back, for clients that a full or draining server, or one without its store,"
              + " turns away; in HTTP whole seconds.")
  Duration retryAfter = Duration.ofSeconds(1);

  @Option(
      names = "--allowed-origins",
      paramLabel = "ORIGIN",
      split = "\\s*,\\s*",
      splitSynopsisLabel = ",",
      converter = Values.Origin.class,
      description =
          "Origins whose pages may connect; * for all. Without it: the same origin. Requests"
              + " without an Origin header always may.")
  List<String> allowedOrigins = List.of();

  @Option(
      names = "--trusted-proxies",
      paramLabel = "CIDR",
      split = "\\s*,\\s*",
      splitSynopsisLabel = ",",
      converter = Values.Cidr.class,
      description = "Proxies whose X-Forwarded-For is believed. Without it: none.")
  List<String> trustedProxies = List.of();

  @Option(
      names = "--color",
      paramLabel = "COLOR",
      converter = Values.Color.class,
      description = "Name of this deployment, for logs, metrics and the page.")
  Optional<String> color = Optional.empty();

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      converter = Values.LogFormats.class,
      description = "auto, text or json. auto: text on a terminal, else json.")
  String logFormat = "auto";

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      converter = Values.LogLevels.class,
      description = "trace, debug, info, warn or error.")
  String logLevel = "info";

  /** The part of the settings that the hub takes. */
  ChatConfig chatConfig() {
    return ChatConfig.builder()
        .sessionTtl(sessionTtl)
        .heartbeat(heartbeat)
        .drainTimeout(drainTimeout)
        .drainOverlap(drainOverlap)
        .openTimeout(openTimeout)
        .commitTimeout(commitTimeout)
        .storeGrace(storeGrace)
        .retryBackoff(retryBackoff)
        .retryAfter(retryAfter)
        .maxPendingMessages(maxPendingMessages)
        .maxPendingBytes(maxPendingBytes)
        .maxBatch(maxBatch)
        .build();
  }

  /** The limit on connections, with 0 resolved. */
  int connectionLimit() {
    return maxConnections > 0 ? maxConnections : FileDescriptors.connectionLimit();
  }
}
