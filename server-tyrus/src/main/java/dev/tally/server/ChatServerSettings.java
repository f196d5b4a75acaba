package dev.tally.server;

import dev.tally.server.auth.AuthSettings;
import dev.tally.server.grizzly.WebSocketSettings;
import java.time.Duration;
import java.util.Optional;

/**
 * What {@link ChatServer} needs to know, besides the hub's own settings.
 *
 * @param webSocket listener, limits and timeouts
 * @param color which of two deployments this is; empty if there is only one
 * @param version the release, for people
 * @param instance tells this process from others
 * @param adminAddress {@code host:port} where the metrics are; empty if nowhere
 * @param drainDelay how long to take new clients after readiness went off, for balancers that poll
 *     it
 * @param auth which tokens clients must have; empty if they need none
 */
public record ChatServerSettings(
    WebSocketSettings webSocket,
    String color,
    String version,
    String instance,
    String adminAddress,
    Duration drainDelay,
    Optional<AuthSettings> auth) {

  /**
   * The documented defaults.
   *
   * @param host the address to bind
   * @param port the port; 0 for a free one
   * @return settings for 10,000 connections of 64 KiB messages
   */
  public static ChatServerSettings defaults(String host, int port) {
    return new ChatServerSettings(
        WebSocketSettings.builder().host(host).port(port).build(),
        "",
        "dev",
        "",
        "",
        Duration.ZERO,
        Optional.empty());
  }
}
