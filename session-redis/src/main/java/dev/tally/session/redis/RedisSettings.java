package dev.tally.session.redis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import redis.clients.jedis.SslOptions;

/**
 * Where Redis is and how to connect to it. The usual way to make one is {@link RedisUrl#parse}.
 *
 * @param topology single server, Sentinel or Cluster, and the addresses
 * @param credentials the user and password of the Redis servers
 * @param tls whether connections are encrypted, also those to Sentinels; the server's certificate
 *     must be trusted and contain the server's address
 * @param caFile certificates (PEM) to trust instead of the Java platform's
 * @param sessionTtl how long a session is kept after its last open or commit; 1 ms or more
 * @param unusedSessionTtl the same for a session without a counted message whose client has left; 1
 *     ms or more; if it is longer than {@code sessionTtl}, {@code sessionTtl} applies
 * @param connectTimeout the maximum wait for a connection; 1 ms to 60 s
 * @param readTimeout the maximum wait for an answer, and for a free connection of the pool; 1 ms to
 *     60 s
 * @param poolSize the maximum number of connections to one server; 1 to 1000
 */
public record RedisSettings(
    Topology topology,
    Credentials credentials,
    boolean tls,
    Optional<Path> caFile,
    Duration sessionTtl,
    Duration unusedSessionTtl,
    Duration connectTimeout,
    Duration readTimeout,
    int poolSize) {

  /** The default of {@code connectTimeout}. */
  public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(1);

  /** The default of {@code readTimeout}. */
  public static final Duration DEFAULT_READ_TIMEOUT = Duration.ofSeconds(2);

  /** The default of {@code poolSize}. */
  public static final int DEFAULT_POOL_SIZE = 8;

  static final Duration MAX_TIMEOUT = Duration.ofSeconds(60);
  static final int MAX_POOL_SIZE = 1000;

  /** Replaces users and passwords wherever a URL is shown. */
  static final String HIDDEN = "***";

  /**
   * Checks the durations and the size of the pool.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public RedisSettings {
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

  /** 0 must be refused: Java and Jedis read it as "no timeout". */
  private static void checkTimeout(String name, Duration timeout) {
    if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
      throw new IllegalArgumentException(name + " must be from 1 ms to 60 s, not " + timeout);
    }
  }

  /**
   * Reads the file of trusted certificates, if there is one, as {@link RedisSessionStore} does when
   * it is made.
   *
   * @throws IllegalArgumentException if it cannot be read as certificates
   */
  public void checkFiles() {
    if (tls) {
      SslOptions unused = Tls.options(caFile);
    }
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
   * A master that Sentinels monitor, and replace if it fails.
   *
   * @param sentinels some of the Sentinels
   * @param masterName the master's name in the configuration of the Sentinels
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
   * @param nodes some of the nodes; they tell the addresses of the others
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

    /** {@code host:port}, with an IPv6 address in brackets. */
    @Override
    public String toString() {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * The login. Its text shows neither user nor password.
   *
   * @param user the user in Redis's access control list; empty for Redis's default user
   * @param password the password; empty for none
   */
  public record Credentials(Optional<String> user, Optional<String> password) {

    /** No user and no password. */
    public static final Credentials NONE = new Credentials(Optional.empty(), Optional.empty());

    /** {@code ***}, or nothing if there is neither a user nor a password. */
    @Override
    public String toString() {
      return equals(NONE) ? "" : HIDDEN;
    }
  }

  /** The URL with its defaults, without options, users and passwords: safe to log. */
  @Override
  public String toString() {
    String start = tls ? "rediss" : "redis";
    String login = "://" + (credentials.equals(Credentials.NONE) ? "" : credentials + "@");
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
