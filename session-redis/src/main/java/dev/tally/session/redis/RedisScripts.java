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
  private static final int KEYS_PER_SCRIPT = 64;

  private final RedisSettings settings;
  private final RedisConnections connections;
  private final ClusterScripts clusters;

  RedisScripts(RedisSettings settings) {
    this.settings = settings;
    this.connections = new RedisConnections(settings);
    this.clusters = new ClusterScripts(settings, connections);
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
    List<int[]> chunks = new ArrayList<>(batch.size() / KEYS_PER_SCRIPT + 1);
    for (int from = 0; from < batch.size(); from += KEYS_PER_SCRIPT) {
      int to = Math.min(batch.size(), from + KEYS_PER_SCRIPT);
      chunks.add(IntStream.range(from, to).toArray());
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
