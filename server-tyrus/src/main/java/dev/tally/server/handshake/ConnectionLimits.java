package dev.tally.server.handshake;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts connections, in all and by client address. Safe for concurrent use. */
public final class ConnectionLimits {

  /** What became of a request for a place. */
  public enum Place {
    TAKEN,
    FULL,
    TOO_MANY_FROM_ADDRESS
  }

  private final int maxConnections;
  private final int maxPerAddress;
  private final AtomicInteger connections = new AtomicInteger();
  private final ConcurrentHashMap<String, Integer> byAddress = new ConcurrentHashMap<>();

  public ConnectionLimits(int maxConnections, int maxPerAddress) {
    this.maxConnections = maxConnections;
    this.maxPerAddress = maxPerAddress;
  }

  /** Takes a place for an address; an IPv6 network counts as one. */
  public Place take(String address) {
    if (connections.incrementAndGet() > maxConnections) {
      connections.decrementAndGet();
      return Place.FULL;
    }
    if (maxPerAddress > 0
        && byAddress.merge(ClientAddress.network(address), 1, Integer::sum) > maxPerAddress) {
      release(address);
      return Place.TOO_MANY_FROM_ADDRESS;
    }
    return Place.TAKEN;
  }

  public void release(String address) {
    connections.decrementAndGet();
    if (maxPerAddress > 0) {
      byAddress.computeIfPresent(
          ClientAddress.network(address), (key, count) -> count == 1 ? null : count - 1);
    }
  }

  public int connections() {
    return connections.get();
  }
}
