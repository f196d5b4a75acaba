package dev.tally.server.settings;

import dev.tally.server.grizzly.WebSocketSettings;

/** The flags that limit what one address may do. */
public final class AddressFlags {

  public final Setting<Integer> maxConnections;
  public final Setting<Integer> handshakeRate;
  public final Setting<Integer> sessionRate;

  /**
   * Makes the flags.
   *
   * @param flags gets each of them
   */
  AddressFlags(Flags flags) {
    this.maxConnections =
        flags.add(
            "--max-connections-per-address",
            "N",
            new Values.NonNegativeInt(),
            WebSocketSettings.defaults().maxConnectionsPerAddress(),
            "The most WebSockets at a time from one address, and the most other sockets. An "
                + "IPv6 network of 64 bits is one address. 0: off.");
    this.handshakeRate =
        flags.add(
            "--handshake-rate-per-address",
            "N",
            new Values.NonNegativeInt(),
            WebSocketSettings.defaults().handshakesPerMinutePerAddress(),
            "Handshakes a minute from one address; at once, as many. More get 429. An IPv6 network "
                + "of 64 bits is one address. 0: off.");
    this.sessionRate =
        flags.add(
            "--session-rate-per-address",
            "N",
            new Values.NonNegativeInt(),
            WebSocketSettings.defaults().sessionsPerMinutePerAddress(),
            "New sessions a minute from one address; at once, as many. More get 429. A session that "
                + "is resumed is not new. 0: off.");
  }
}
