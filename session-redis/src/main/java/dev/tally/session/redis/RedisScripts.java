package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import redis.clients.jedis.Connection;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;

/**
 * Runs batches of script calls: on a single server or the master behind Sentinels in one pipeline,
 * on a Cluster through {@link ClusterScripts}. Safe for use by several threads.
 */
final class RedisScripts implements AutoCloseable {

  /**
   * Sessions in one run of a script. Redis serves no other client during a run, so runs must stay
   * short; longer ones would save little.
   */
  private static final int SESSIONS_PER_RUN = 64;

  /** Bytes of arguments after which no further session is added to a run, for the same reason. */
  private static final long BYTES_PER_RUN = 256 * 1024;

  private final RedisSettings settings;
  private final RedisConnections connections;
  private final ClusterScripts clusters;

  RedisScripts(RedisSettings settings) {
    this.settings = settings;
    this.connections = new RedisConnections(settings);
    this.clusters = new ClusterScripts(settings, connections);
  }

  /** The connections that the scripts run on. */
  RedisConnections connections() {
    return connections;
  }

  /** Gets an answer or a failure for every call of the batch; never throws. */
  void run(ScriptBatch batch) {
    ConnectionProvider provider;
    try {
      provider = connections.provider();
    } catch (Throwable e) {
      batch.failed(
          IntStream.range(0, batch.size()).toArray(), RedisErrors.unavailable(settings, e));
      return;
    }
    if (provider instanceof ClusterConnectionProvider cluster) {
      clusters.run(cluster, batch);
    } else {
      runOn(provider, batch);
    }
  }

  /**
   * In a Cluster, starts to refresh the map of its masters and to probe those that do not respond,
   * with the batch's first call. Does not wait for them: they may not respond now either.
   *
   * @throws StoreUnavailableException if no connection to Redis can be made at all
   */
  void probeMasters(ScriptBatch batch) {
    if (connections.provider() instanceof ClusterConnectionProvider cluster) {
      clusters.probe(cluster, batch);
    }
  }

  @Override
  public void close() {
    connections.close();
    clusters.close();
  }

  private void runOn(ConnectionProvider provider, ScriptBatch batch) {
    List<int[]> chunks = new ArrayList<>(batch.size() / SESSIONS_PER_RUN + 1);
    int from = 0;
    long bytes = 0;
    for (int i = 0; i < batch.size(); i++) {
      bytes += batch.size(i);
      if (i + 1 == batch.size() || i + 1 - from == SESSIONS_PER_RUN || bytes >= BYTES_PER_RUN) {
        chunks.add(IntStream.rangeClosed(from, i).toArray());
        from = i + 1;
        bytes = 0;
      }
    }
    List<Object> replies;
    try (Connection connection = provider.getConnection()) {
      replies = batch.runOn(connection, chunks);
    } catch (Throwable e) {
      StoreUnavailableException error = RedisErrors.unavailable(settings, e);
      chunks.forEach(chunk -> batch.failed(chunk, error));
      return;
    }
    for (int i = 0; i < chunks.size(); i++) {
      batch.answered(chunks.get(i), replies.get(i), error -> connections.refused(provider, error));
    }
  }
}
