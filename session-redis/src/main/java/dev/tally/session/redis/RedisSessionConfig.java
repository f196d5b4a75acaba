package dev.tally.session.redis;

import dev.tally.chat.ChatConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where Redis is and how to talk to it. The usual way to make one is {@link #parse}.
 *
 * @param topology single server, Sentinel or Cluster, and the addresses
 * @param credentials the user and password of the Redis servers
 * @param tls whether connections, those to Sentinels too, are encrypted; the server's certificate
 *     must be trusted and name the address
 * @param caFile certificates (PEM) to trust instead of the Java platform's
 * @param sessionTtl how long a session is kept after its last open or commit; 1 ms or more
 * @param unusedSessionTtl the same for a session without a counted message whose owner left; 1 ms
 *     or more, and not longer than {@code sessionTtl} counts
 * @param connectTimeout the longest wait for a connection; 1 ms to 60 s
 * @param readTimeout the longest wait for an answer, and for a free connection of the pool; 1 ms to
 *     60 s
 * @param poolSize connections to one server at the most; 1 to 1000
 */
public record RedisSessionConfig(
    Topology topology,
    Credentials credentials,
    boolean tls,
    Optional<Path> caFile,
    Duration sessionTtl,
    Duration unusedSessionTtl,
    Duration connectTimeout,
    Duration readTimeout,
    int poolSize) {

  /** How long a connection may take unless told otherwise. */
  public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(1);

  /** How long an answer may take unless told otherwise. */
  public static final Duration DEFAULT_READ_TIMEOUT = Duration.ofSeconds(2);

  /** How many connections to one server there may be unless told otherwise. */
  public static final int DEFAULT_POOL_SIZE = 8;

  static final Duration MAX_TIMEOUT = Duration.ofSeconds(60);
  static final int MAX_POOL_SIZE = 1000;

  /**
   * Checks the durations and the size of the pool.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public RedisSessionConfig {
    checkTtl("sessionTtl", sessionTtl);
    checkTtl("unusedSessionTtl", unusedSessionTtl);
    checkTimeout("connectTimeout", connectTimeout);
    checkTimeout("readTimeout", readTimeout);
    if (poolSize < 1 || poolSize > MAX_POOL_SIZE) {
      throw new IllegalArgumentException(
          "poolSize must be from 1 to " + MAX_POOL_SIZE + ", not " + poolSize);
    }
  }

  private static void checkTtl(String name, Duration ttl) {
    if (ttl.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(name + " must be 1 ms or more, not " + ttl);
    }
  }

  /** Java and Jedis take 0 for "for ever". */
  private static void checkTimeout(String name, Duration timeout) {
    if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(name + " must be from 1 ms to 60 s, not " + timeout);
    }
  }

  /**
   * Reads a URL:
   *
   * <pre>
   * redis://[[user]:password@]host[:port][/database][?options]
   * redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master-name[/database][?options]
   * redis+cluster://[[user]:password@]host[:port][,host[:port]…][?options]
   * </pre>
   *
   * <p>With {@code rediss} in place of {@code redis}: the same over TLS. The port is 6379 by
   * default, and 26379 for Sentinels. In user, password, master name and option values, characters
   * that mean something in a URL are percent-encoded (RFC 3986, section 2.1). IPv6 addresses stand
   * in brackets. Options are joined with {@code &}:
   *
   * <ul>
   *   <li>{@code connect_timeout}, {@code read_timeout}: {@code 500ms} or {@code 2s}; 1ms to 60s
   *   <li>{@code pool_size}: connections to one server at the most; 1 to 1000
   *   <li>{@code ca_file}: a file of certificates (PEM) to trust, for {@code rediss} only
   *   <li>{@code sentinel_user}, {@code sentinel_password}: where Sentinels ask for them
   * </ul>
   *
   * @param url the URL
   * @param sessionTtl how long a session is kept
   * @param unusedSessionTtl how long one without a counted message is kept
   * @return what it says, with the defaults for what it does not say
   * @throws IllegalArgumentException if it breaks a rule; the message is one sentence that says
   *     which, without a password
   */
  public static RedisSessionConfig parse(
      String url, Duration sessionTtl, Duration unusedSessionTtl) {
    return RedisUrl.parse(url, sessionTtl, unusedSessionTtl);
  }

  /**
   * Reads a URL, as {@link #parse(String, Duration, Duration)} does, with a minute for sessions
   * without a counted message.
   *
   * @param url the URL
   * @param sessionTtl how long a session is kept
   * @return what it says, with the defaults for what it does not say
   * @throws IllegalArgumentException if it breaks a rule
   */
  public static RedisSessionConfig parse(String url, Duration sessionTtl) {
    return parse(url, sessionTtl, ChatConfig.defaults().unusedSessionTtl());
  }

  /**
   * A URL as it may be shown, whether {@link #parse} takes it or not.
   *
   * @param url any text
   * @return the same, with asterisks in place of users and passwords
   */
  public static String redacted(String url) {
    return RedisUrl.redacted(url);
  }

  /** Which servers there are and how they work together. */
  public sealed interface Topology {}

  /**
   * One server.
   *
   * @param address the server
   * @param database the number of the logical database
   */
  public record Single(Address address, int database) implements Topology {}

  /**
   * A master that Sentinels watch and replace.
   *
   * @param sentinels some of the Sentinels
   * @param masterName the name that the Sentinels give to the master
   * @param sentinelCredentials the user and password of the Sentinels
   * @param database the number of the logical database
   */
  public record Sentinel(
      List<Address> sentinels, String masterName, Credentials sentinelCredentials, int database)
      implements Topology {

    /** Copies the list. */
    public Sentinel {
      sentinels = List.copyOf(sentinels);
    }
  }

  /**
   * Several masters, each with a part of the keys.
   *
   * @param nodes some of the nodes; the others are found through them
   */
  public record Cluster(List<Address> nodes) implements Topology {

    /** Copies the list. */
    public Cluster {
      nodes = List.copyOf(nodes);
    }
  }

  /**
   * A host and a port.
   *
   * @param host a name or an IP address, IPv6 without brackets
   * @param port 1 to 65535
   */
  public record Address(String host, int port) {

    /** As in a URL. */
    @Override
    public String toString() {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * Who to log in as.
   *
   * @param user the user of Redis's access control list, if not the default one
   * @param password the password, if there is one
   */
  public record Credentials(Optional<String> user, Optional<String> password) {

    /** Nobody in particular. */
    public static final Credentials NONE = new Credentials(Optional.empty(), Optional.empty());

    /** As in a URL, without the password. */
    @Override
    public String toString() {
      return user.orElse("") + password.map(secret -> ":***").orElse("");
    }
  }

  /** The URL in short, without passwords and options. */
  @Override
  public String toString() {
    String who = credentials.toString();
    String start = tls ? "rediss" : "redis";
    String login = "://" + (who.isEmpty() ? "" : who + "@");
    if (topology instanceof Single single) {
      return start + login + single.address() + "/" + single.database();
    } else if (topology instanceof Sentinel sentinel) {
      return start
          + "+sentinel"
          + login
          + list(sentinel.sentinels())
          + "/"
          + sentinel.masterName()
          + "/"
          + sentinel.database();
    } else {
      return start + "+cluster" + login + list(((Cluster) topology).nodes());
    }
  }

  private static String list(List<Address> addresses) {
    return addresses.stream().map(Address::toString).collect(Collectors.joining(","));
  }
}
