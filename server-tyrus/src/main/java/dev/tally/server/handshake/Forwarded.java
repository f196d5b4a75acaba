package dev.tally.server.handshake;

import dev.tally.server.http.HttpRequest;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What proxies say of a request: {@code X-Forwarded-For}, {@code -Host}, {@code -Port} and {@code
 * -Proto}, and {@code Forwarded} (RFC 7239) where the first of them is missing. Only the word of a
 * trusted proxy counts. Immutable.
 */
final class Forwarded {

  /**
   * A parameter, which looks at each character once. Without the look-behind a long word would be
   * tried from each of its letters on; without the possessive quantifiers a long quoted value would
   * overflow the stack.
   */
  private static final Pattern PAIR =
      Pattern.compile("(?<![A-Za-z])([A-Za-z]++)=(?:\"((?:[^\"\\\\]++|\\\\.)*+)\"|([^\",;\\s]*+))");

  private final ClientAddress addresses;

  Forwarded(ClientAddress addresses) {
    this.addresses = addresses;
  }

  /** Whose request it is. */
  String address(HttpRequest request) {
    String peer = request.peer();
    if (!addresses.isProxy(peer)) {
      return peer;
    }
    List<String> hops = values(request, "X-Forwarded-For");
    if (hops.isEmpty()) {
      hops = parameters(values(request, "Forwarded"), "for");
    }
    return hops.isEmpty() ? addresses.of(peer, null) : addresses.of(peer, String.join(",", hops));
  }

  /** The names that the client may have asked for: {@code Host}, then what a proxy made of it. */
  Set<String> hosts(HttpRequest request) {
    Set<String> hosts = new LinkedHashSet<>(values(request, "Host"));
    if (addresses.isProxy(request.peer())) {
      for (String value : values(request, "X-Forwarded-Host")) {
        hosts.add(value.split(",", 2)[0].strip());
      }
      hosts.addAll(parameters(values(request, "Forwarded"), "host"));
      // The nearest proxy's. With each of many ports a request could make thousands of names.
      values(request, "X-Forwarded-Port").stream()
          .limit(1)
          .map(value -> value.split(",", 2)[0].strip())
          .forEach(port -> addWithPort(hosts, port));
    }
    return hosts;
  }

  /** Whether a trusted proxy says that the client uses TLS. */
  boolean isSecure(HttpRequest request) {
    if (!addresses.isProxy(request.peer())) {
      return false;
    }
    List<String> schemes = new ArrayList<>(values(request, "X-Forwarded-Proto"));
    if (schemes.isEmpty()) {
      schemes = parameters(values(request, "Forwarded"), "proto");
    }
    // The first one is what the client used. For WebSockets some proxies, Traefik for one, say wss.
    return schemes.stream()
        .limit(1)
        .map(scheme -> scheme.split(",", 2)[0].strip())
        .anyMatch(scheme -> scheme.equalsIgnoreCase("https") || scheme.equalsIgnoreCase("wss"));
  }

  private static void addWithPort(Set<String> hosts, String port) {
    for (String host : List.copyOf(hosts)) {
      if (host.lastIndexOf(':') <= host.lastIndexOf(']')) {
        hosts.add(host + ":" + port);
      }
    }
  }

  private static List<String> values(HttpRequest request, String header) {
    return request.headers(header);
  }

  /** The values of one parameter in all elements, without quotes. */
  static List<String> parameters(List<String> headers, String name) {
    List<String> values = new ArrayList<>();
    for (String header : headers) {
      Matcher pair = PAIR.matcher(header);
      while (pair.find()) {
        if (pair.group(1).equalsIgnoreCase(name)) {
          values.add(pair.group(2) == null ? pair.group(3) : pair.group(2));
        }
      }
    }
    return values;
  }
}
