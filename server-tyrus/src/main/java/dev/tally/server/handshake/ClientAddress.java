package dev.tally.server.handshake;

import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose connection it is: the peer's address, or, where the peer is a proxy that we trust, the last
 * address that was forwarded and is not such a proxy's. What stands to the left of that one could
 * have been written by anybody.
 */
public final class ClientAddress {

  private final List<AddressBlock> trusted;

  public ClientAddress(List<String> trustedProxies) {
    this.trusted = trustedProxies.stream().map(AddressBlock::parse).toList();
  }

  String of(String peer, @Nullable String forwardedFor) {
    if (forwardedFor == null || trusted.isEmpty() || !isTrusted(withoutZone(peer))) {
      return peer;
    }
    String client = peer;
    String[] hops = forwardedFor.split(",", -1);
    for (int i = hops.length - 1; i >= 0; i--) {
      String hop = IpAddress.withoutPort(hops[i].strip());
      InetAddress address = IpAddress.parse(hop);
      if (address == null) {
        return client;
      }
      client = hop;
      if (!isTrusted(address)) {
        return client;
      }
    }
    return client;
  }

  /** Whether the peer is a proxy whose word counts; many clients come from it. */
  public boolean isProxy(String peer) {
    return !trusted.isEmpty() && isTrusted(withoutZone(peer));
  }

  /**
   * What counts as one address where sockets are counted: of IPv6 the first 64 bits, since one host
   * has all the others to itself.
   */
  public static String network(String address) {
    if (address.indexOf(':') < 0) {
      return address;
    }
    InetAddress parsed = withoutZone(address);
    if (parsed == null) {
      return address;
    }
    if (parsed.getAddress().length != 16) {
      // ::ffff:192.0.2.1 is another way to write an IPv4 address.
      return parsed.getHostAddress();
    }
    return HexFormat.of().formatHex(parsed.getAddress(), 0, 8);
  }

  /** Link-local addresses come with the interface that they are on. */
  private static @Nullable InetAddress withoutZone(String peer) {
    int zone = peer.indexOf('%');
    return IpAddress.parse(zone < 0 ? peer : peer.substring(0, zone));
  }

  private boolean isTrusted(@Nullable InetAddress address) {
    return address != null && trusted.stream().anyMatch(block -> block.contains(address));
  }
}
