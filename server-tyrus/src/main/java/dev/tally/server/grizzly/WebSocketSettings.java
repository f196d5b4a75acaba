package dev.tally.server.grizzly;

import dev.tally.chat.ChatSettings;
import dev.tally.metrics.http.HeadLimits;
import dev.tally.server.handshake.ClientAddress;
import dev.tally.server.handshake.OriginPolicy;
import dev.tally.server.handshake.PermessageDeflate;
import dev.tally.server.http.AllowedHosts;
import dev.tally.server.websocket.BufferBudgets;
import dev.tally.server.websocket.FrameRate;
import java.time.Duration;
import java.util.List;

/**
 * What the listener needs to know. Made by {@link #builder}, which has the defaults.
 *
 * @param host the address to bind, and only that
 * @param port the port; 0 for a free one
 * @param backlog connections that the kernel may keep waiting for us
 * @param maxMessageBytes payload bytes of the largest message, its fragments summed up
 * @param compression whether clients may compress their messages; see {@link PermessageDeflate}
 * @param maxConnections WebSockets at a time
 * @param spareConnections sockets above that, for handshakes under way and plain HTTP
 * @param maxConnectionsPerAddress WebSockets at a time from one client address, and other sockets
 *     from one peer that is no trusted proxy; 0 for no limit
 * @param handshakesPerMinutePerAddress handshakes a minute from one client address, and at once; 0
 *     for no limit
 * @param sessionsPerMinutePerAddress new sessions a minute from one client address, and at once; 0
 *     for no limit
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
    boolean compression,
    int maxConnections,
    int spareConnections,
    int maxConnectionsPerAddress,
    int handshakesPerMinutePerAddress,
    int sessionsPerMinutePerAddress,
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

  /**
   * The documented defaults.
   *
   * @return settings for 10,000 connections of 64 KiB messages
   */
  public static WebSocketSettings defaults() {
    return builder().build();
  }

  /**
   * Makes settings that differ from {@link #defaults} in what is set on them.
   *
   * @return a builder with the defaults
   */
  public static Builder builder() {
    return new Builder();
  }

  /** The defaults, and what is set in their place. Not safe for use by several threads. */
  public static final class Builder {
    private String host = "0.0.0.0";
    private int port = 8000;
    private int backlog = 4096;
    private int maxMessageBytes = 65_536;
    private boolean compression = false;
    private int maxConnections = 10_000;
    private int spareConnections = 128;
    private int maxConnectionsPerAddress = 0;
    private int handshakesPerMinutePerAddress = 0;
    private int sessionsPerMinutePerAddress = 0;
    private int messagesPerSecond = 0;
    private int messageBurst = 1;
    private int smallFramesPerSecond = 500;
    private int maxOutboundBytes = 262_144;
    private long maxBufferedBytes = 64L << 20;
    private List<String> allowedOrigins = List.of();
    private List<String> allowedHosts = List.of();
    private List<String> trustedProxies = List.of();
    private HeadLimits headLimits = HeadLimits.DEFAULT;
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private Duration idleTimeout = Duration.ofSeconds(75);
    private Duration messageTimeout = Duration.ofSeconds(30);
    private Duration heartbeat = ChatSettings.defaults().heartbeat();
    private Duration closeTimeout = Duration.ofSeconds(2);
    private Duration retryAfter = ChatSettings.defaults().retryAfter();

    private Builder() {}

    /**
     * Sets {@link WebSocketSettings#host}.
     *
     * @param value the address to bind, and only that
     * @return this
     */
    public Builder host(String value) {
      host = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#port}.
     *
     * @param value the port; 0 for a free one
     * @return this
     */
    public Builder port(int value) {
      port = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#backlog}.
     *
     * @param value connections that the kernel may keep waiting for us
     * @return this
     */
    public Builder backlog(int value) {
      backlog = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#maxMessageBytes}.
     *
     * @param value payload bytes of the largest message, its fragments summed up
     * @return this
     */
    public Builder maxMessageBytes(int value) {
      maxMessageBytes = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#compression}.
     *
     * @param value whether clients may compress their messages; see {@link PermessageDeflate}
     * @return this
     */
    public Builder compression(boolean value) {
      compression = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#maxConnections}.
     *
     * @param value WebSockets at a time
     * @return this
     */
    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#spareConnections}.
     *
     * @param value sockets above that, for handshakes under way and plain HTTP
     * @return this
     */
    public Builder spareConnections(int value) {
      spareConnections = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#maxConnectionsPerAddress}.
     *
     * @param value WebSockets at a time from one client address, and other sockets from one peer
     *     that is no trusted proxy; 0 for no limit
     * @return this
     */
    public Builder maxConnectionsPerAddress(int value) {
      maxConnectionsPerAddress = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#handshakesPerMinutePerAddress}.
     *
     * @param value handshakes a minute from one client address, and at once; 0 for no limit
     * @return this
     */
    public Builder handshakesPerMinutePerAddress(int value) {
      handshakesPerMinutePerAddress = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#sessionsPerMinutePerAddress}.
     *
     * @param value new sessions a minute from one client address, and at once; 0 for no limit
     * @return this
     */
    public Builder sessionsPerMinutePerAddress(int value) {
      sessionsPerMinutePerAddress = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#messagesPerSecond}.
     *
     * @param value messages that one connection may send per second; 0 for no limit
     * @return this
     */
    public Builder messagesPerSecond(int value) {
      messagesPerSecond = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#messageBurst}.
     *
     * @param value messages that it may send at once after a pause
     * @return this
     */
    public Builder messageBurst(int value) {
      messageBurst = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#smallFramesPerSecond}.
     *
     * @param value pings, pongs and small fragments that one connection may send per second; see
     *     {@link FrameRate}; 0 for no limit
     * @return this
     */
    public Builder smallFramesPerSecond(int value) {
      smallFramesPerSecond = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#maxOutboundBytes}.
     *
     * @param value bytes that may wait for a slow reader before it is cut off
     * @return this
     */
    public Builder maxOutboundBytes(int value) {
      maxOutboundBytes = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#maxBufferedBytes}.
     *
     * @param value bytes that all clients together may make the process hold; see {@link
     *     BufferBudgets}
     * @return this
     */
    public Builder maxBufferedBytes(long value) {
      maxBufferedBytes = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#allowedOrigins}.
     *
     * @param value origins besides the server's own, or {@code *}; see {@link OriginPolicy}
     * @return this
     */
    public Builder allowedOrigins(List<String> value) {
      allowedOrigins = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#allowedHosts}.
     *
     * @param value what {@code Host} may be; empty for anything; see {@link AllowedHosts}
     * @return this
     */
    public Builder allowedHosts(List<String> value) {
      allowedHosts = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#trustedProxies}.
     *
     * @param value CIDR blocks whose {@code X-Forwarded-For} counts; see {@link ClientAddress}
     * @return this
     */
    public Builder trustedProxies(List<String> value) {
      trustedProxies = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#headLimits}.
     *
     * @param value how large the head of a request may be
     * @return this
     */
    public Builder headLimits(HeadLimits value) {
      headLimits = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#handshakeTimeout}.
     *
     * @param value how long a request may take to be complete, and its answer to be read
     * @return this
     */
    public Builder handshakeTimeout(Duration value) {
      handshakeTimeout = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#idleTimeout}.
     *
     * @param value how long a connection of plain HTTP may wait for its next request
     * @return this
     */
    public Builder idleTimeout(Duration value) {
      idleTimeout = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#messageTimeout}.
     *
     * @param value how long a message may take from its first byte to its last
     * @return this
     */
    public Builder messageTimeout(Duration value) {
      messageTimeout = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#heartbeat}.
     *
     * @param value a silent client gets a ping within it and is cut off within two
     * @return this
     */
    public Builder heartbeat(Duration value) {
      heartbeat = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#closeTimeout}.
     *
     * @param value how long we wait for the client's end after our close frame
     * @return this
     */
    public Builder closeTimeout(Duration value) {
      closeTimeout = value;
      return this;
    }

    /**
     * Sets {@link WebSocketSettings#retryAfter}.
     *
     * @param value what {@code Retry-After} says when we are draining or full
     * @return this
     */
    public Builder retryAfter(Duration value) {
      retryAfter = value;
      return this;
    }

    /**
     * Makes the settings.
     *
     * @return the settings
     */
    public WebSocketSettings build() {
      return new WebSocketSettings(
          host,
          port,
          backlog,
          maxMessageBytes,
          compression,
          maxConnections,
          spareConnections,
          maxConnectionsPerAddress,
          handshakesPerMinutePerAddress,
          sessionsPerMinutePerAddress,
          messagesPerSecond,
          messageBurst,
          smallFramesPerSecond,
          maxOutboundBytes,
          maxBufferedBytes,
          allowedOrigins,
          allowedHosts,
          trustedProxies,
          headLimits,
          handshakeTimeout,
          idleTimeout,
          messageTimeout,
          heartbeat,
          closeTimeout,
          retryAfter);
    }
  }
}
