package dev.tally.server.grizzly;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whose pages may connect (RFC 6455, section 10.2). No {@code Origin} header means that it is no
 * browser: allowed. The server's own origin is always allowed.
 */
final class OriginPolicy {

  private final boolean any;
  private final Set<String> allowed;

  /**
   * Makes the policy.
   *
   * @param origins {@code scheme://host[:port]} each, or {@code *} for all
   */
  OriginPolicy(List<String> origins) {
    this.any = origins.contains("*");
    this.allowed =
        origins.stream()
            .map(origin -> origin.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
  }

  boolean allows(@Nullable String origin, @Nullable String host) {
    if (any || origin == null) {
      return true;
    }
    String lower = origin.toLowerCase(Locale.ROOT);
    if (allowed.contains(lower)) {
      return true;
    }
    // Behind a proxy that ends TLS the scheme seen here is not the page's, so hosts are compared.
    int authority = lower.indexOf("://");
    return host != null
        && authority > 0
        && withoutDefaultPort(lower.substring(authority + 3))
            .equals(withoutDefaultPort(host.toLowerCase(Locale.ROOT)));
  }

  private static String withoutDefaultPort(String authority) {
    for (String port : List.of(":80", ":443")) {
      if (authority.endsWith(port)) {
        return authority.substring(0, authority.length() - port.length());
      }
    }
    return authority;
  }
}
