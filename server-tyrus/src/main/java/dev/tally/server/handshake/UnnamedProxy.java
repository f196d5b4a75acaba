package dev.tally.server.handshake;

import dev.tally.server.http.HttpRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that a proxy is in front which {@code --trusted-proxies} does not name, and says so once.
 * All clients then have the proxy's address in the log, and share the limits of one address. Safe
 * for concurrent use.
 */
public final class UnnamedProxy {

  /** Handshakes that are looked at together. */
  private static final int ROUND = 100;

  /** More than so many of them show it. */
  private static final int MOST = 90;

  private static final Logger LOGGER = LoggerFactory.getLogger(UnnamedProxy.class);

  private final ClientAddress addresses;

  /** The first address of the round: if one address makes nearly all handshakes, it soon is it. */
  private String candidate = "";

  private int seen;
  private int forwarded;
  private volatile boolean said;

  public UnnamedProxy(List<String> trustedProxies) {
    this.addresses = new ClientAddress(trustedProxies);
  }

  /** A handshake came. */
  public void saw(HttpRequest handshake) {
    if (said) {
      return;
    }
    String peer = handshake.peer();
    boolean counts =
        (handshake.header("X-Forwarded-For") != null || handshake.header("Forwarded") != null)
            && !addresses.isProxy(peer);
    String proxy = count(peer, counts);
    if (proxy != null) {
      LOGGER.warn(
          "more than {} of the last {} handshakes came from {} with X-Forwarded-For or Forwarded:"
              + " if that is your proxy, set --trusted-proxies {}, or the log and all limits per"
              + " address take its clients for one",
          MOST,
          ROUND,
          proxy,
          proxy);
    }
  }

  /** Returns the address to be named at the end of a round, or null. */
  private synchronized @Nullable String count(String peer, boolean counts) {
    if (seen == 0) {
      candidate = peer;
    }
    seen++;
    if (counts && peer.equals(candidate)) {
      forwarded++;
    }
    if (seen < ROUND) {
      return null;
    }
    boolean found = forwarded > MOST && !said;
    said = said || found;
    seen = 0;
    forwarded = 0;
    return found ? candidate : null;
  }
}
