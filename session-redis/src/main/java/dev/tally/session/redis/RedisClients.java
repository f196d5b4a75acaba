package dev.tally.session.redis;

import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.UnifiedJedis;

/** Makes the client that fits the topology. */
final class RedisClients {

  // The core calls from three threads: opens, commits, health.
  private static final int CONNECTIONS = 4;

  private RedisClients() {}

  static UnifiedJedis connect(RedisSessionConfig config) {
    JedisClientConfig client = clientConfig(config).build();
    Set<HostAndPort> nodes =
        config.nodes().stream().map(HostAndPort::from).collect(Collectors.toSet());
    ConnectionPoolConfig pool = new ConnectionPoolConfig();
    pool.setMaxTotal(CONNECTIONS);
    pool.setMaxIdle(CONNECTIONS);
    pool.setMaxWait(config.readTimeout());
    pool.setJmxEnabled(false);
    return switch (config.topology()) {
      case SINGLE ->
          RedisClient.builder()
              .hostAndPort(nodes.iterator().next())
              .clientConfig(client)
              .poolConfig(pool)
              .build();
      case SENTINEL ->
          RedisSentinelClient.builder()
              .masterName(config.masterName())
              .sentinels(nodes)
              .sentinelClientConfig(timeouts(config).build())
              .clientConfig(client)
              .poolConfig(pool)
              .build();
      case CLUSTER ->
          RedisClusterClient.builder()
              .nodes(nodes)
              .maxAttempts(3)
              .maxTotalRetriesDuration(config.readTimeout())
              .topologyRefreshPeriod(Duration.ofSeconds(5))
              .clientConfig(client)
              .poolConfig(pool)
              .build();
    };
  }

  private static DefaultJedisClientConfig.Builder clientConfig(RedisSessionConfig config) {
    DefaultJedisClientConfig.Builder client =
        timeouts(config).resp2().clientName("tally").database(config.database());
    config.user().ifPresent(client::user);
    config.password().ifPresent(client::password);
    return client;
  }

  private static DefaultJedisClientConfig.Builder timeouts(RedisSessionConfig config) {
    DefaultJedisClientConfig.Builder client =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis((int) config.connectTimeout().toMillis())
            .socketTimeoutMillis((int) config.readTimeout().toMillis());
    if (config.tls()) {
      client.sslOptions(SslOptions.defaults());
    }
    return client;
  }
}
