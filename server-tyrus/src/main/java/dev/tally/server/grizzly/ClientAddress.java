package dev.tally.server.grizzly;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whose connection it is: the peer's address, or, where the peer is a proxy that we trust, the last
 * address in {@code X-Forwarded-For} that is not such a proxy's. What stands to the left of that
 * one could have been written by anybody.
 */
final class ClientAddress {

  private static final Pattern LITERAL = Pattern.compile("[0-9a-fA-F:.]+");

  private final List<AddressBlock> trusted;

  ClientAddress(List<String> trustedProxies) {
    this.trusted = trustedProxies.stream().map(AddressBlock::parse).toList();
  }

  String of(String peer, @Nullable String forwardedFor) {
    if (forwardedFor == null || !isTrusted(peer)) {
      return peer;
    }
    String client = peer;
    String[] hops = forwardedFor.split(",", -1);
    for (int i = hops.length - 1; i >= 0; i--) {
      String hop = hops[i].strip();
      if (hop.isEmpty() || hop.length() > 45 || !LITERAL.matcher(hop).matches()) {
        return client;
      }
      client = hop;
      if (!isTrusted(hop)) {
        return client;
      }
    }
    return client;
  }

  private boolean isTrusted(String address) {
    if (trusted.isEmpty()) {
      return false;
    }
    try {
      InetAddress parsed = InetAddress.getByName(address);
      return trusted.stream().anyMatch(block -> block.contains(parsed));
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
