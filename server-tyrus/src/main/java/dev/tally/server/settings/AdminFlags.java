package dev.tally.server.settings;

import dev.tally.metrics.AdminServer;
import java.time.Duration;

/** The flags of the admin port. */
public final class AdminFlags {

  public final Setting<String> host;
  public final Setting<Integer> port;
  public final Setting<Integer> maxConnections;
  public final Setting<Duration> timeout;

  /**
   * Makes the flags.
   *
   * @param flags gets each of them
   */
  AdminFlags(Flags flags) {
    this.host =
        flags.add(
            "--admin-host",
            "ADDRESS",
            new Values.Text(),
            "127.0.0.1",
            "Address that the admin port listens on.");
    this.port =
        flags.add(
            "--admin-port",
            "PORT",
            new Values.Port(),
            8001,
            "Admin port: metrics and health. 0: off.");
    this.maxConnections =
        flags.add(
            "--max-admin-connections",
            "N",
            new Values.PositiveInt(),
            AdminServer.DEFAULT_MAX_CONNECTIONS,
            "Connections to the admin port at a time. If one more comes, the server closes the "
                + "oldest one of the address with the most, unfinished requests first.");
    this.timeout =
        flags.duration(
            "--admin-timeout",
            AdminServer.DEFAULT_TIMEOUT,
            "How long a connection to the admin port may last.");
  }
}
