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
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.providers.PooledConnectionProvider;
import redis.clients.jedis.providers.SentineledConnectionProvider;

/**
 * The connection pools. They are made when first needed, because Redis may start after the server;
 * if that fails, the next call tries again. Safe for use by several threads.
 */
final class RedisConnections implements AutoCloseable {

  private final RedisSettings settings;
  private final JedisClientConfig client;

  /**
   * Held while connecting. A thread that holds this may take the lock of this object, not vice
   * versa.
   */
  private final Object connecting = new Object();

  /** Guarded by this, as is {@link #closed}. */
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
   * The pools; a {@link ClusterConnectionProvider} if Redis is a Cluster. The first call may wait
   * for Sentinels or nodes of a Cluster; other threads then wait for its result.
   *
   * @throws StoreUnavailableException if they cannot be made, or after {@link #close}
   */
  ConnectionProvider provider() {
    ConnectionProvider current = known();
    if (current != null) {
      return current;
    }
    // Connecting can take seconds, and close() must not wait for that: so not under this object's
    // lock. The second look is for threads that waited here while another one connected.
    synchronized (connecting) {
      current = known();
      return current != null ? current : keep(connect());
    }
  }

  private synchronized @Nullable ConnectionProvider known() {
    if (closed) {
      throw closed();
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
    // close() was called during the connecting, and could not know of these connections.
    closeQuietly(made);
    throw closed();
  }

  private static StoreUnavailableException closed() {
    return new StoreUnavailableException("the session store is closed");
  }

  /**
   * The exception for an error that a server answered. If it says that it is a replica, the pools
   * are discarded: after a failover the next call must find out which server is the master now.
   */
  StoreUnavailableException refused(ConnectionProvider provider, JedisDataException error) {
    if (RedisErrors.isReadOnly(error)) {
      discard(provider);
    }
    return RedisErrors.unavailable(settings, error);
  }

  private void discard(ConnectionProvider wrong) {
    synchronized (this) {
      // Several batches may see the same failover. The first one discards the pools, and the others
      // must not discard the new ones.
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
    // By default Jedis waits without a limit for a free connection.
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
      // Without Jedis's periodic refresh of the map: if it cannot connect, its threads pile up.
      return new ClusterConnectionProvider(toJedis(nodes), client, pool);
    }
  }

  private JedisClientConfig clientConfig(Credentials credentials, int database) {
    DefaultJedisClientConfig.Builder builder =
        DefaultJedisClientConfig.builder()
            .serverDefaultProtocol() // Another one needs HELLO, which Redis 5 does not know.
            .clientName("tally")
            .clientSetInfoConfig(ClientSetInfoConfig.DISABLED) // Its command came with Redis 7.2.
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
