package dev.tally.session.redis;

import dev.tally.chat.ChatSettings;
import dev.tally.session.redis.RedisSettings.Address;
import dev.tally.session.redis.RedisSettings.Cluster;
import dev.tally.session.redis.RedisSettings.Credentials;
import dev.tally.session.redis.RedisSettings.Sentinel;
import dev.tally.session.redis.RedisSettings.Single;
import dev.tally.session.redis.RedisSettings.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The URL of a Redis, the usual way to make {@link RedisSettings}:
 *
 * <pre>
 * redis://[[user]:password@]host[:port][/database][?options]
 * redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master-name[/database][?options]
 * redis+cluster://[[user]:password@]host[:port][,host[:port]…][?options]
 * </pre>
 *
 * <p>{@code rediss} in place of {@code redis} is the same over TLS. The default port is 6379, and
 * 26379 for Sentinels. In user, password, master name and option values, the reserved characters of
 * a URL must be percent-encoded (RFC 3986, section 2.1). IPv6 addresses are written in brackets.
 * Options are separated by {@code &}:
 *
 * <ul>
 *   <li>{@code connect_timeout}, {@code read_timeout}: {@code 500ms} or {@code 2s}; 1ms to 60s
 *   <li>{@code pool_size}: the maximum number of connections to one server; 1 to 1000
 *   <li>{@code ca_file}: a file of certificates (PEM) to trust, for {@code rediss} only
 *   <li>{@code sentinel_user}, {@code sentinel_password}: the login of the Sentinels, if they
 *       require one
 * </ul>
 *
 * <p>Only static methods; they are safe for use by several threads.
 */
public final class RedisUrl {

  private static final Pattern URL =
      Pattern.compile(
          "(?<tls>rediss|redis)(\\+(?<kind>sentinel|cluster))?://"
              + "((?<login>[^/?#]*)@)?(?<hosts>[^/?#@]*)(/(?<path>[^?#]*))?(\\?(?<options>[^#]*))?");
  private static final Pattern ADDRESS =
      Pattern.compile("(\\[(?<v6>[0-9a-fA-F:.%]+)]|(?<name>[^:\\[\\]\\s]+))(:(?<port>.*))?");

  private static final int REDIS_PORT = 6379;
  private static final int SENTINEL_PORT = 26379;

  private RedisUrl() {}

  /**
   * Reads a URL.
   *
   * @param url the URL; white space around it is ignored
   * @param sessionTtl how long a session is kept
   * @param unusedSessionTtl how long a session without a counted message is kept
   * @return the settings, with the defaults for what the URL leaves out
   * @throws IllegalArgumentException if the URL breaks a rule; the message is one sentence that
   *     names the rule and contains no user and no password
   */
  public static RedisSettings parse(String url, Duration sessionTtl, Duration unusedSessionTtl) {
    try {
      return read(url.strip(), sessionTtl, unusedSessionTtl);
    } catch (BrokenUrlException e) {
      throw new IllegalArgumentException(
          "the Redis URL '" + redacted(url) + "' cannot be used: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a URL, as {@link #parse(String, Duration, Duration)} does, with the default time for
   * sessions without a counted message.
   *
   * @param url the URL
   * @param sessionTtl how long a session is kept
   * @return the settings
   * @throws IllegalArgumentException if the URL breaks a rule
   */
  public static RedisSettings parse(String url, Duration sessionTtl) {
    return parse(url, sessionTtl, ChatSettings.defaults().unusedSessionTtl());
  }

  /**
   * A URL that is safe to log or print. Works for any text, also for URLs that {@link #parse} does
   * not accept: it hides too much rather than too little.
   *
   * @param url any text
   * @return the same text with {@code ***} in place of users and passwords
   */
  public static String redacted(String url) {
    // An '@' behind a '?' has two possible meanings: the end of a login whose password contains a
    // '?', or a character of an option that is a password. Both are hidden by cutting everything.
    String shown =
        url.strip()
            .replaceFirst("(?s)//.*\\?.*@.*", "//" + RedisSettings.HIDDEN)
            .replaceFirst("(?s)//.*@", "//" + RedisSettings.HIDDEN + "@");
    return RedisUrlOptions.redacted(shown);
  }

  private static RedisSettings read(String url, Duration sessionTtl, Duration unusedSessionTtl) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw new BrokenUrlException(
          "it must start with redis://, rediss://, redis+sentinel://, rediss+sentinel://,"
              + " redis+cluster:// or rediss+cluster://, and '#' must be percent-encoded");
    }
    String path = orEmpty(parts.group("path"));
    String query = orEmpty(parts.group("options"));
    RedisUrlOptions options = RedisUrlOptions.parse(query);
    // A password with a '/' or '?' that is not encoded ends up in the path or the options. This
    // check comes before any that would quote a host, a port or a path, which may be that password.
    if (path.contains("@") || query.contains("@")) {
      throw new BrokenUrlException(
          "'@', '/', '?' and '#' in user and password must be percent-encoded");
    }
    boolean tls = parts.group("tls").equals("rediss");
    if (!tls && options.has("ca_file")) {
      throw new BrokenUrlException("ca_file is for rediss:// only");
    }
    return new RedisSettings(
        topology(orEmpty(parts.group("kind")), orEmpty(parts.group("hosts")), path, options),
        login(parts.group("login")),
        tls,
        options.path("ca_file"),
        sessionTtl,
        unusedSessionTtl,
        options.timeout("connect_timeout", RedisSettings.DEFAULT_CONNECT_TIMEOUT),
        options.timeout("read_timeout", RedisSettings.DEFAULT_READ_TIMEOUT),
        options.number(
            "pool_size", RedisSettings.DEFAULT_POOL_SIZE, 1, RedisSettings.MAX_POOL_SIZE));
  }

  private static Topology topology(
      String kind, String hosts, String path, RedisUrlOptions options) {
    if (!kind.equals("sentinel")
        && (options.has("sentinel_user") || options.has("sentinel_password"))) {
      throw new BrokenUrlException(
          "sentinel_user and sentinel_password are for redis+sentinel:// only");
    }
    return switch (kind) {
      case "cluster" -> cluster(hosts, path);
      case "sentinel" -> sentinel(hosts, path, options);
      default -> single(hosts, path);
    };
  }

  private static Single single(String hosts, String path) {
    List<Address> addresses = addresses(hosts, REDIS_PORT);
    if (addresses.size() > 1) {
      throw new BrokenUrlException("several addresses need redis+sentinel:// or redis+cluster://");
    }
    return new Single(addresses.get(0), database(path));
  }

  private static Sentinel sentinel(String hosts, String path, RedisUrlOptions options) {
    String[] names = path.split("/", 2);
    if (names[0].isEmpty()) {
      throw new BrokenUrlException(
          "redis+sentinel:// needs the master's name as its path, as in /mymaster");
    }
    return new Sentinel(
        addresses(hosts, SENTINEL_PORT),
        RedisUrlOptions.decode(names[0]),
        new Credentials(options.text("sentinel_user"), options.text("sentinel_password")),
        database(names.length > 1 ? names[1] : ""));
  }

  private static Cluster cluster(String hosts, String path) {
    if (!path.isEmpty() && !path.equals("0")) {
      throw new BrokenUrlException("a Cluster has database 0 only, not '" + path + "'");
    }
    return new Cluster(addresses(hosts, REDIS_PORT));
  }

  private static Credentials login(@Nullable String login) {
    if (login == null) {
      return Credentials.NONE;
    }
    int colon = login.indexOf(':');
    if (colon < 0) {
      throw new BrokenUrlException("the part before '@' must be user:password or :password");
    }
    return new Credentials(
        Optional.of(RedisUrlOptions.decode(login.substring(0, colon)))
            .filter(user -> !user.isEmpty()),
        Optional.of(RedisUrlOptions.decode(login.substring(colon + 1))));
  }

  private static List<Address> addresses(String hosts, int defaultPort) {
    List<Address> addresses = new ArrayList<>();
    for (String text : hosts.split(",", -1)) {
      Matcher address = ADDRESS.matcher(text);
      if (!address.matches()) {
        throw new BrokenUrlException(
            "every address must be host, host:port or [IPv6]:port, and none may be empty");
      }
      String v6 = address.group("v6");
      String port = address.group("port");
      addresses.add(
          new Address(
              v6 != null ? v6 : orEmpty(address.group("name")),
              port == null ? defaultPort : RedisUrlOptions.number("the port", port, 1, 65535)));
    }
    return addresses;
  }

  private static int database(String path) {
    return path.isEmpty() ? 0 : RedisUrlOptions.number("the database", path, 0, Integer.MAX_VALUE);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
