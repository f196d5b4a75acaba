package dev.tally.server.http;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The names that the server is asked for. A page of an attacker can give its own name our address
 * (DNS rebinding), and then counts as the same origin: its requests show in {@code Host}.
 * Immutable.
 */
public final class AllowedHosts {

  private final Set<String> allowed;

  /**
   * Makes the rule.
   *
   * @param hosts names for any port, or with a port such as {@code a.example:8000}; empty for all
   */
  public AllowedHosts(List<String> hosts) {
    this.allowed =
        hosts.stream()
            .map(host -> host.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Whether a request is for one of them.
   *
   * @param host the header {@code Host}; null if there is none
   * @return true if it is, or if there is no rule
   */
  public boolean allows(@Nullable String host) {
    if (allowed.isEmpty()) {
      return true;
    }
    if (host == null) {
      return false;
    }
    String lower = host.toLowerCase(Locale.ROOT);
    return allowed.contains(lower) || allowed.contains(withoutPort(lower));
  }

  private static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }
}
