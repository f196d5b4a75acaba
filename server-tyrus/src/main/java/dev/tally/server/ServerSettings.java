package dev.tally.server;

import dev.tally.metrics.http.HeadLimits;
import dev.tally.server.grizzly.WebSocketSettings;
import java.time.Duration;
import java.util.List;

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
 */
public record ServerSettings(
    WebSocketSettings webSocket,
    String color,
    String version,
    String instance,
    String adminAddress,
    Duration drainDelay) {

  /**
   * The documented defaults.
   *
   * @param host the address to bind
   * @param port the port; 0 for a free one
   * @return settings for 10,000 connections of 64 KiB messages
   */
  public static ServerSettings defaults(String host, int port) {
    return new ServerSettings(
        new WebSocketSettings(
            host,
            port,
            4096,
            65_536,
            10_000,
            128,
            0,
            0,
            1,
            500,
            262_144,
            67_108_864,
            List.of(),
            List.of(),
            List.of(),
            HeadLimits.DEFAULT,
            Duration.ofSeconds(10),
            Duration.ofSeconds(75),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1)),
        "",
        "dev",
        "",
        "",
        Duration.ZERO);
  }
}
