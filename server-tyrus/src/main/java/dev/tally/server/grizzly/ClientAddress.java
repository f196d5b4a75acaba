package dev.tally.server.grizzly;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose connection it is: the peer's address, or, where the peer is a proxy that we trust, the last
 * address in {@code X-Forwarded-For} that is not such a proxy's. What stands to the left of that
 * one could have been written by anybody.
 */
final class ClientAddress {

  private final List<AddressBlock> trusted;

  ClientAddress(List<String> trustedProxies) {
    this.trusted = trustedProxies.stream().map(AddressBlock::parse).toList();
  }

  String of(String peer, @Nullable String forwardedFor) {
    if (forwardedFor == null || trusted.isEmpty() || !isTrusted(withoutZone(peer))) {
      return peer;
    }
    String client = peer;
    String[] hops = forwardedFor.split(",", -1);
    for (int i = hops.length - 1; i >= 0; i--) {
      String hop = hops[i].strip();
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

  /** Link-local addresses come with the interface that they are on. */
  private static @Nullable InetAddress withoutZone(String peer) {
    int zone = peer.indexOf('%');
    return IpAddress.parse(zone < 0 ? peer : peer.substring(0, zone));
  }

  private boolean isTrusted(@Nullable InetAddress address) {
    return address != null && trusted.stream().anyMatch(block -> block.contains(address));
  }
}
