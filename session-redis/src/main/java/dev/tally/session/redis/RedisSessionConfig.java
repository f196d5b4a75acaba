package dev.tally.session.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where Redis is and how to talk to it.
 *
 * <p>One syntax for all, see {@link #parse}:
 *
 * <pre>
 * redis://[[user]:password@]host[:6379][/database]
 * redis+sentinel://[[user]:password@]host[:26379],host…/master-name[/database]
 * redis+cluster://[[user]:password@]host[:6379],host…
 * </pre>
 *
 * <p>{@code rediss} in place of {@code redis} speaks TLS. {@code ?connect_timeout_ms=1000} and
 * {@code ?read_timeout_ms=2000} may follow. User and password are percent-encoded.
 *
 * @param topology what stands at the addresses
 * @param nodes {@code host:port} of the server, the Sentinels or some of the Cluster's nodes
 * @param masterName the master's name; empty unless Sentinels are asked
 * @param user the ACL user, if not the default one
 * @param password the password, if one is needed
 * @param database the database's number; 0 for a Cluster
 * @param tls whether to speak TLS, checked against the JVM's trust store
 * @param sessionTtl how long a session is kept after its last open or commit
 * @param connectTimeout how long a connect may take
 * @param readTimeout how long an answer may take
 */
public record RedisSessionConfig(
    Topology topology,
    Set<String> nodes,
    String masterName,
    Optional<String> user,
    Optional<String> password,
    int database,
    boolean tls,
    Duration sessionTtl,
    Duration connectTimeout,
    Duration readTimeout) {

  /** What stands at the addresses. */
  public enum Topology {
    /** One server. */
    SINGLE,
    /** Sentinels, who know the master. */
    SENTINEL,
    /** A Redis Cluster. */
    CLUSTER
  }

  private static final Pattern URL =
      Pattern.compile(
          "(?<scheme>rediss?)(\\+(?<kind>sentinel|cluster))?://((?<login>[^@/]*)@)?"
              + "(?<nodes>[^/?@]+)(?<path>/[^?]*)?(\\?(?<query>.*))?");
  private static final Pattern NODE =
      Pattern.compile("(?<host>[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(:(?<port>\\d{1,5}))?");
  private static final Pattern TIMEOUT =
      Pattern.compile("(?<name>connect_timeout_ms|read_timeout_ms)=(?<value>[1-9]\\d{0,6})");

  /** Copies the set. */
  public RedisSessionConfig {
    nodes = Set.copyOf(nodes);
  }

  /**
   * Reads a URL.
   *
   * @param url as above
   * @param sessionTtl how long a session is kept
   * @return what it says
   * @throws IllegalArgumentException with one sentence, in which the password does not stand
   */
  public static RedisSessionConfig parse(String url, Duration sessionTtl) {
    Matcher matcher = URL.matcher(url);
    if (!matcher.matches()) {
      throw bad(
          url,
          "it must look like redis://host:6379/0, redis+sentinel://host,host/master or"
              + " redis+cluster://host,host, or begin with rediss for TLS");
    }
    Topology topology =
        matcher.group("kind") == null
            ? Topology.SINGLE
            : Topology.valueOf(matcher.group("kind").toUpperCase(Locale.ROOT));
    Set<String> nodes = nodes(url, matcher.group("nodes"), topology);
    String path = matcher.group("path") == null ? "" : matcher.group("path").substring(1);
    String masterName = "";
    if (topology == Topology.SENTINEL) {
      int slash = path.indexOf('/');
      masterName = slash < 0 ? path : path.substring(0, slash);
      path = slash < 0 ? "" : path.substring(slash + 1);
      if (masterName.isEmpty()) {
        throw bad(
            url, "the master's name must follow the Sentinels, as in redis+sentinel://host/name");
      }
    }
    if (!path.matches("\\d{0,5}") || (topology == Topology.CLUSTER && !path.isEmpty())) {
      throw bad(url, "the database must be a number, and a Cluster has none");
    }
    String login = matcher.group("login") == null ? "" : matcher.group("login");
    int colon = login.indexOf(':');
    if (!login.isEmpty() && colon < 0) {
      throw bad(url, "a login must be :password@ or user:password@");
    }
    Duration connectTimeout = Duration.ofSeconds(1);
    Duration readTimeout = Duration.ofSeconds(2);
    String query = matcher.group("query") == null ? "" : matcher.group("query");
    for (String parameter : query.isEmpty() ? new String[0] : query.split("&", -1)) {
      Matcher timeout = TIMEOUT.matcher(parameter);
      if (!timeout.matches()) {
        throw bad(url, "only connect_timeout_ms and read_timeout_ms may follow the question mark");
      }
      Duration value = Duration.ofMillis(Long.parseLong(timeout.group("value")));
      if (timeout.group("name").startsWith("connect")) {
        connectTimeout = value;
      } else {
        readTimeout = value;
      }
    }
    return new RedisSessionConfig(
        topology,
        nodes,
        masterName,
        colon < 0 ? Optional.empty() : decoded(login.substring(0, colon)),
        colon < 0 ? Optional.empty() : decoded(login.substring(colon + 1)),
        path.isEmpty() ? 0 : Integer.parseInt(path),
        matcher.group("scheme").equals("rediss"),
        sessionTtl,
        connectTimeout,
        readTimeout);
  }

  /**
   * The URL as it may be shown.
   *
   * @param url any text
   * @return the same, with a login replaced by asterisks
   */
  public static String redacted(String url) {
    return url.replaceAll("//.*@", "//***@");
  }

  /** Everything but the password. */
  @Override
  public String toString() {
    return "RedisSessionConfig[" + topology + " " + nodes + (tls ? " TLS" : "") + "]";
  }

  private static Set<String> nodes(String url, String list, Topology topology) {
    Set<String> nodes = new LinkedHashSet<>();
    for (String entry : list.split(",", -1)) {
      Matcher node = NODE.matcher(entry);
      String port = node.matches() ? node.group("port") : "0";
      if (port == null) {
        port = topology == Topology.SENTINEL ? "26379" : "6379";
      }
      int number = Integer.parseInt(port);
      if (number < 1 || number > 65535) {
        throw bad(url, "each address must be host or host:port with a port from 1 to 65535");
      }
      nodes.add(node.group("host") + ":" + number);
    }
    if (topology == Topology.SINGLE && nodes.size() > 1) {
      throw bad(url, "several addresses need redis+sentinel:// or redis+cluster://");
    }
    return nodes;
  }

  private static Optional<String> decoded(String text) {
    return text.isEmpty()
        ? Optional.empty()
        : Optional.of(URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8));
  }

  private static IllegalArgumentException bad(String url, String rule) {
    return new IllegalArgumentException(
        "Redis URL '" + redacted(url) + "' is not usable: " + rule + ".");
  }
}
