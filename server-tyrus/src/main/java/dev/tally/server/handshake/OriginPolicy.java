package dev.tally.server.handshake;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whose pages may connect (RFC 6455, section 10.2). No {@code Origin} header means that it is no
 * browser: allowed. The server's own origin is always allowed.
 */
public final class OriginPolicy {

  private final boolean any;
  private final Set<String> allowed;

  /**
   * Makes the policy.
   *
   * @param origins {@code scheme://host[:port]} each, {@code null}, or {@code *} for all
   */
  OriginPolicy(List<String> origins) {
    this.any = origins.contains("*");
    this.allowed =
        origins.stream().map(OriginPolicy::normal).collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Whether its page may connect.
   *
   * @param hosts the names of this server that the client may have asked for
   * @param secure whether a trusted proxy says that the client uses TLS. Then a page of the same
   *     host without TLS is another origin: anybody on its way may have written it. If a proxy says
   *     that the client uses no TLS, there may be another proxy before it that ends TLS.
   */
  boolean allows(@Nullable String origin, Collection<String> hosts, boolean secure) {
    if (any || origin == null) {
      return true;
    }
    String normal = normal(origin);
    if (allowed.contains(normal)) {
      return true;
    }
    // Behind a proxy that ends TLS the scheme seen here is not the page's, so hosts are compared.
    int authority = normal.indexOf("://");
    if (authority <= 0 || (secure && normal.startsWith("http://"))) {
      return false;
    }
    String own = withoutDefaultPort(normal.substring(authority + 3));
    return hosts.stream()
        .anyMatch(host -> withoutDefaultPort(host.toLowerCase(Locale.ROOT)).equals(own));
  }

  /** As a browser writes it: in lower case, without the scheme's own port. */
  private static String normal(String origin) {
    String lower = origin.toLowerCase(Locale.ROOT);
    if (lower.startsWith("http://")) {
      return without(lower, ":80");
    }
    return lower.startsWith("https://") ? without(lower, ":443") : lower;
  }

  private static String withoutDefaultPort(String authority) {
    return without(without(authority, ":80"), ":443");
  }

  private static String without(String text, String end) {
    return text.endsWith(end) ? text.substring(0, text.length() - end.length()) : text;
  }
}
