package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.RedisSettings.Address;
import dev.tally.session.redis.RedisSettings.Cluster;
import dev.tally.session.redis.RedisSettings.Credentials;
import dev.tally.session.redis.RedisSettings.Sentinel;
import dev.tally.session.redis.RedisSettings.Single;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.providers.PooledConnectionProvider;
import redis.clients.jedis.providers.SentineledConnectionProvider;

/**
 * The pools of connections: made when first needed, since Redis may start after us, and tried again
 * at the next call where that failed. Safe for use by several threads.
 */
final class RedisConnections implements AutoCloseable {

  private final RedisSettings settings;
  private final JedisClientConfig client;
  private final Object connecting = new Object();
  private @Nullable ConnectionProvider provider;
  private boolean closed;

  RedisConnections(RedisSettings settings) {
    this.settings = settings;
    int database = 0;
    if (settings.topology() instanceof Single single) {
      database = single.database();
    } else if (settings.topology() instanceof Sentinel sentinel) {
      database = sentinel.database();
    }
    this.client = clientConfig(settings.credentials(), database);
  }

  /**
   * What gives connections; a {@link ClusterConnectionProvider} if Redis is a Cluster. May wait for
   * Sentinels or nodes of a Cluster, one thread after the other.
   */
  ConnectionProvider provider() {
    ConnectionProvider current = known();
    if (current != null) {
      return current;
    }
    // Not under the lock of the fields: who closes must not wait for servers that do not answer.
    synchronized (connecting) {
      current = known();
      return current != null ? current : keep(connect());
    }
  }

  private synchronized @Nullable ConnectionProvider known() {
    if (closed) {
      throw closedAlready();
    }
    return provider;
  }

  private ConnectionProvider keep(ConnectionProvider made) {
    synchronized (this) {
      if (!closed) {
        provider = made;
        return made;
      }
    }
    closeQuietly(made);
    throw closedAlready();
  }

  private static StoreUnavailableException closedAlready() {
    return new StoreUnavailableException("the session store is closed");
  }

  /** Forgets connections that lead to the wrong server; the next call asks anew where to go. */
  void discard(ConnectionProvider wrong) {
    synchronized (this) {
      if (provider != wrong) {
        return;
      }
      provider = null;
    }
    closeQuietly(wrong);
  }

  @Override
  public void close() {
    ConnectionProvider last;
    synchronized (this) {
      closed = true;
      last = provider;
      provider = null;
    }
    if (last != null) {
      closeQuietly(last);
    }
  }

  private ConnectionProvider connect() {
    try {
      return newProvider();
    } catch (JedisException e) {
      throw RedisErrors.unavailable(settings, e);
    }
  }

  private ConnectionProvider newProvider() {
    ConnectionPoolConfig pool = new ConnectionPoolConfig();
    pool.setMaxTotal(settings.poolSize());
    pool.setMaxIdle(settings.poolSize());
    pool.setMaxWait(settings.readTimeout());
    pool.setJmxEnabled(false);
    if (settings.topology() instanceof Single single) {
      return new PooledConnectionProvider(toJedis(single.address()), client, pool);
    } else if (settings.topology() instanceof Sentinel sentinel) {
      return new SentineledConnectionProvider(
          sentinel.masterName(),
          client,
          pool,
          toJedis(sentinel.sentinels()),
          clientConfig(sentinel.sentinelCredentials(), 0));
    } else {
      List<Address> nodes = ((Cluster) settings.topology()).nodes();
      // Its own refresh of the map would go on, on a thread for each try, where it cannot connect.
      return new ClusterConnectionProvider(toJedis(nodes), client, pool);
    }
  }

  private JedisClientConfig clientConfig(Credentials credentials, int database) {
    DefaultJedisClientConfig.Builder builder =
        DefaultJedisClientConfig.builder()
            .serverDefaultProtocol() // HELLO, which says it aloud, came with Redis 6.
            .clientName("tally")
            .clientSetInfoConfig(ClientSetInfoConfig.DISABLED)
            .connectionTimeoutMillis((int) settings.connectTimeout().toMillis())
            .socketTimeoutMillis((int) settings.readTimeout().toMillis())
            .database(database);
    credentials.user().ifPresent(builder::user);
    credentials.password().ifPresent(builder::password);
    if (settings.tls()) {
      builder.sslOptions(Tls.options(settings.caFile()));
    }
    return builder.build();
  }

  private static Set<HostAndPort> toJedis(List<Address> addresses) {
    return addresses.stream().map(RedisConnections::toJedis).collect(Collectors.toSet());
  }

  private static HostAndPort toJedis(Address address) {
    return new HostAndPort(address.host(), address.port());
  }

  private static void closeQuietly(ConnectionProvider provider) {
    try {
      provider.close();
    } catch (Exception e) {
      System.getLogger(RedisConnections.class.getName())
          .log(System.Logger.Level.DEBUG, "closing connections to Redis failed", e);
    }
  }
}
