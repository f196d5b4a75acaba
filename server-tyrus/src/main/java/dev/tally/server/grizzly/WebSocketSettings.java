package dev.tally.server.grizzly;

import dev.tally.metrics.http.HeadLimits;
import java.time.Duration;
import java.util.List;

/**
 * What the listener needs to know.
 *
 * @param host the address to bind, and only that
 * @param port the port; 0 for a free one
 * @param backlog connections that the kernel may keep waiting for us
 * @param maxMessageBytes payload bytes of the largest message, its fragments summed up
 * @param maxConnections WebSockets at a time
 * @param spareConnections sockets above that, for handshakes under way and plain HTTP
 * @param maxConnectionsPerAddress WebSockets at a time from one client address, and other sockets
 *     from one peer that is no trusted proxy; 0 for no limit
 * @param messagesPerSecond messages that one connection may send per second; 0 for no limit
 * @param messageBurst messages that it may send at once after a pause
 * @param smallFramesPerSecond pings, pongs and small fragments that one connection may send per
 *     second; see {@link FrameRate}; 0 for no limit
 * @param maxOutboundBytes bytes that may wait for a slow reader before it is cut off
 * @param maxBufferedBytes bytes that all clients together may make the process hold; see {@link
 *     BufferBudgets}
 * @param allowedOrigins origins besides the server's own, or {@code *}; see {@link OriginPolicy}
 * @param allowedHosts what {@code Host} may be; empty for anything; see {@link AllowedHosts}
 * @param trustedProxies CIDR blocks whose {@code X-Forwarded-For} counts; see {@link ClientAddress}
 * @param headLimits how large the head of a request may be
 * @param handshakeTimeout how long a request may take to be complete, and its answer to be read
 * @param idleTimeout how long a connection of plain HTTP may wait for its next request
 * @param messageTimeout how long a message may take from its first byte to its last
 * @param heartbeat a silent client gets a ping within it and is cut off within two
 * @param closeTimeout how long we wait for the client's end after our close frame
 * @param retryAfter what {@code Retry-After} says when we are draining or full
 */
public record WebSocketSettings(
    String host,
    int port,
    int backlog,
    int maxMessageBytes,
    int maxConnections,
    int spareConnections,
    int maxConnectionsPerAddress,
    int messagesPerSecond,
    int messageBurst,
    int smallFramesPerSecond,
    int maxOutboundBytes,
    long maxBufferedBytes,
    List<String> allowedOrigins,
    List<String> allowedHosts,
    List<String> trustedProxies,
    HeadLimits headLimits,
    Duration handshakeTimeout,
    Duration idleTimeout,
    Duration messageTimeout,
    Duration heartbeat,
    Duration closeTimeout,
    Duration retryAfter) {

  /** Copies the lists. */
  public WebSocketSettings {
    allowedOrigins = List.copyOf(allowedOrigins);
    allowedHosts = List.copyOf(allowedHosts);
    trustedProxies = List.copyOf(trustedProxies);
  }
}
