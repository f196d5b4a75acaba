package dev.tally.session.redis;

import dev.tally.session.redis.RedisSessionConfig.Address;
import dev.tally.session.redis.RedisSessionConfig.Cluster;
import dev.tally.session.redis.RedisSessionConfig.Credentials;
import dev.tally.session.redis.RedisSessionConfig.Sentinel;
import dev.tally.session.redis.RedisSessionConfig.Single;
import dev.tally.session.redis.RedisSessionConfig.Topology;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what {@link RedisSessionConfig#parse} documents. No message repeats a password. */
final class RedisUrl {

  private static final Pattern URL =
      Pattern.compile(
          "(?<tls>rediss|redis)(\\+(?<kind>sentinel|cluster))?://"
              + "((?<login>[^/?#]*)@)?(?<hosts>[^/?#@]*)(/(?<path>[^?#]*))?(\\?(?<options>[^#]*))?");
  private static final Pattern ADDRESS =
      Pattern.compile("(\\[(?<v6>[0-9a-fA-F:.%]+)]|(?<name>[^:\\[\\]\\s]+))(:(?<port>.*))?");
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,5})(ms|s)");
  private static final Set<String> OPTIONS =
      new TreeSet<>(
          Set.of(
              "ca_file",
              "connect_timeout",
              "pool_size",
              "read_timeout",
              "sentinel_password",
              "sentinel_user"));

  /** Someone's password has a '&' in it: it ends where an option that we know begins. */
  private static final Pattern PASSWORD =
      Pattern.compile("(?s)(password=).*?(?=&(" + String.join("|", OPTIONS) + ")=|\\z)");

  private static final int REDIS_PORT = 6379;
  private static final int SENTINEL_PORT = 26379;

  private RedisUrl() {}

  static String redacted(String url) {
    // An '@' behind a '?' ends someone's login, or is in the middle of an option that is a
    // password.
    String shown =
        url.strip().replaceFirst("(?s)//.*\\?.*@.*", "//***").replaceFirst("(?s)//.*@", "//***@");
    return PASSWORD.matcher(shown).replaceAll("$1***");
  }

  static RedisSessionConfig parse(String url, Duration sessionTtl, Duration unusedSessionTtl) {
    try {
      return read(url.strip(), sessionTtl, unusedSessionTtl);
    } catch (BrokenRule e) {
      throw new IllegalArgumentException(
          "the Redis URL '" + redacted(url) + "' cannot be used: " + e.getMessage(), e);
    }
  }

  private static RedisSessionConfig read(
      String url, Duration sessionTtl, Duration unusedSessionTtl) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw bad(
          "it must start with redis://, rediss://, redis+sentinel://, rediss+sentinel://,"
              + " redis+cluster:// or rediss+cluster://, and '#' must be percent-encoded");
    }
    String path = orEmpty(parts.group("path"));
    Map<String, String> options = options(orEmpty(parts.group("options")));
    // Someone's password has a '/' or a '?' in it: what looks like a host or a port may be secret.
    if (path.contains("@") || orEmpty(parts.group("options")).contains("@")) {
      throw bad("'@', '/', '?' and '#' in user and password must be percent-encoded");
    }
    boolean tls = parts.group("tls").equals("rediss");
    if (!tls && options.containsKey("ca_file")) {
      throw bad("ca_file is for rediss:// only");
    }
    return new RedisSessionConfig(
        topology(orEmpty(parts.group("kind")), orEmpty(parts.group("hosts")), path, options),
        login(parts.group("login")),
        tls,
        Optional.ofNullable(options.get("ca_file")).map(Path::of),
        sessionTtl,
        unusedSessionTtl,
        duration(options, "connect_timeout", RedisSessionConfig.DEFAULT_CONNECT_TIMEOUT),
        duration(options, "read_timeout", RedisSessionConfig.DEFAULT_READ_TIMEOUT),
        number(
            "pool_size",
            options.getOrDefault("pool_size", "" + RedisSessionConfig.DEFAULT_POOL_SIZE),
            1,
            RedisSessionConfig.MAX_POOL_SIZE));
  }

  private static Topology topology(
      String kind, String hosts, String path, Map<String, String> options) {
    if (!kind.equals("sentinel")
        && (options.containsKey("sentinel_user") || options.containsKey("sentinel_password"))) {
      throw bad("sentinel_user and sentinel_password are for redis+sentinel:// only");
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
      throw bad("several addresses need redis+sentinel:// or redis+cluster://");
    }
    return new Single(addresses.get(0), database(path));
  }

  private static Sentinel sentinel(String hosts, String path, Map<String, String> options) {
    String[] names = path.split("/", 2);
    if (names[0].isEmpty()) {
      throw bad("redis+sentinel:// needs the master's name as its path, as in /mymaster");
    }
    return new Sentinel(
        addresses(hosts, SENTINEL_PORT),
        decode(names[0]),
        new Credentials(
            Optional.ofNullable(options.get("sentinel_user")),
            Optional.ofNullable(options.get("sentinel_password"))),
        database(names.length > 1 ? names[1] : ""));
  }

  private static Cluster cluster(String hosts, String path) {
    if (!path.isEmpty() && !path.equals("0")) {
      throw bad("a Cluster has database 0 only, not '" + path + "'");
    }
    return new Cluster(addresses(hosts, REDIS_PORT));
  }

  private static Credentials login(@Nullable String login) {
    if (login == null) {
      return Credentials.NONE;
    }
    int colon = login.indexOf(':');
    if (colon < 0) {
      throw bad("before '@' must stand user:password or :password");
    }
    return new Credentials(
        Optional.of(decode(login.substring(0, colon))).filter(user -> !user.isEmpty()),
        Optional.of(decode(login.substring(colon + 1))));
  }

  private static List<Address> addresses(String hosts, int defaultPort) {
    List<Address> addresses = new ArrayList<>();
    for (String text : hosts.split(",", -1)) {
      Matcher address = ADDRESS.matcher(text);
      if (!address.matches()) {
        throw bad("every address must be host, host:port or [IPv6]:port, and none may be empty");
      }
      String v6 = address.group("v6");
      String port = address.group("port");
      addresses.add(
          new Address(
              v6 != null ? v6 : orEmpty(address.group("name")),
              port == null ? defaultPort : number("the port", port, 1, 65535)));
    }
    return addresses;
  }

  private static int database(String path) {
    return path.isEmpty() ? 0 : number("the database", path, 0, Integer.MAX_VALUE);
  }

  private static Map<String, String> options(String text) {
    Map<String, String> options = new LinkedHashMap<>();
    if (text.isEmpty()) {
      return options;
    }
    for (String option : text.split("&", -1)) {
      int equals = option.indexOf('=');
      String name = equals < 0 ? option : option.substring(0, equals);
      if (!OPTIONS.contains(name)) {
        throw bad("its options may be " + String.join(", ", OPTIONS) + " and no others");
      }
      if (equals < 0 || equals == option.length() - 1) {
        throw bad("option " + name + " needs a value");
      }
      if (options.put(name, decode(option.substring(equals + 1))) != null) {
        throw bad("option " + name + " stands there twice");
      }
    }
    return options;
  }

  private static Duration duration(Map<String, String> options, String name, Duration otherwise) {
    String text = options.get(name);
    if (text == null) {
      return otherwise;
    }
    Matcher parts = DURATION.matcher(text);
    if (parts.matches()) {
      long number = Long.parseLong(parts.group(1));
      Duration duration =
          parts.group(2).equals("s") ? Duration.ofSeconds(number) : Duration.ofMillis(number);
      if (!duration.isZero() && duration.compareTo(RedisSessionConfig.MAX_TIMEOUT) <= 0) {
        return duration;
      }
    }
    throw bad(name + " must be from 1ms to 60s, such as 500ms or 2s, not '" + text + "'");
  }

  private static int number(String what, String text, int min, int max) {
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, like a number out of range.
    }
    throw bad(what + " must be a number from " + min + " to " + max + ", not '" + text + "'");
  }

  private static String decode(String text) {
    try {
      // Only in a form's data does '+' mean a blank.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw bad("'%' must be followed by two hexadecimal digits (write %25 for '%' itself)");
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static BrokenRule bad(String rule) {
    return new BrokenRule(rule);
  }

  /** What is wrong with a URL, as half a sentence. */
  private static final class BrokenRule extends RuntimeException {
    private static final long serialVersionUID = 1;

    BrokenRule(String rule) {
      super(rule);
    }
  }
}
