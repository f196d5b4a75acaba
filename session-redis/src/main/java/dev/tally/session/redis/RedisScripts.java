package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.StaticCommandFlagsRegistry;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.executors.ClusterCommandExecutor;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Takes batches of scripts to the servers whose keys they name, each in one pipeline, and to the
 * masters of a Cluster at the same time. Safe for use by several threads; never throws.
 */
final class RedisScripts implements AutoCloseable {

  /** Longer scripts would save little, and keep Redis from everybody else. */
  private static final int KEYS_PER_SCRIPT = 64;

  private static final int REDIRECTIONS = 3;

  private final RedisSessionConfig config;
  private final RedisConnections connections;
  private final ExecutorService masters =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "tally-redis");
            thread.setDaemon(true);
            return thread;
          });

  RedisScripts(RedisSessionConfig config) {
    this.config = config;
    this.connections = new RedisConnections(config);
  }

  /** Gets an answer for every call of the batch. */
  void run(ScriptBatch batch) {
    ConnectionProvider provider;
    try {
      provider = connections.provider();
    } catch (StoreUnavailableException e) {
      batch.failed(IntStream.range(0, batch.size()).toArray(), e);
      return;
    }
    if (provider instanceof ClusterConnectionProvider cluster) {
      runOnMasters(cluster, batch);
    } else {
      List<int[]> chunks = new ArrayList<>(batch.size() / KEYS_PER_SCRIPT + 1);
      for (int from = 0; from < batch.size(); from += KEYS_PER_SCRIPT) {
        int to = Math.min(batch.size(), from + KEYS_PER_SCRIPT);
        chunks.add(IntStream.range(from, to).toArray());
      }
      runOn(provider, provider::getConnection, batch, chunks);
    }
  }

  @Override
  public void close() {
    connections.close();
    masters.shutdown();
  }

  /** A script may only name keys of one slot there, so every session is a chunk of its own. */
  private void runOnMasters(ClusterConnectionProvider cluster, ScriptBatch batch) {
    Map<Optional<HostAndPort>, List<int[]>> chunks = new LinkedHashMap<>();
    for (int i = 0; i < batch.size(); i++) {
      HostAndPort master = cluster.getNode(JedisClusterCRC16.getSlot(batch.key(i)));
      chunks
          .computeIfAbsent(Optional.ofNullable(master), key -> new ArrayList<>())
          .add(new int[] {i});
    }
    List<CompletableFuture<Void>> others = new ArrayList<>(chunks.size());
    chunks.forEach(
        (master, theirs) -> {
          Supplier<Connection> source =
              () ->
                  cluster.getConnection(
                      master.orElseThrow(
                          () -> new JedisException("no master is known for a part of the keys")));
          Runnable run = () -> runOn(cluster, source, batch, theirs);
          if (others.size() == chunks.size() - 1) {
            run.run();
          } else {
            others.add(start(run));
          }
        });
    others.forEach(CompletableFuture::join);
  }

  private CompletableFuture<Void> start(Runnable run) {
    try {
      return CompletableFuture.runAsync(run, masters);
    } catch (RejectedExecutionException e) {
      // Closed meanwhile; the connection that it asks for will say so.
      run.run();
      return CompletableFuture.completedFuture(null);
    }
  }

  private void runOn(
      ConnectionProvider provider,
      Supplier<Connection> source,
      ScriptBatch batch,
      List<int[]> chunks) {
    List<Object> replies;
    try (Connection connection = source.get()) {
      replies = batch.runOn(connection, chunks);
    } catch (JedisException | IllegalStateException e) {
      StoreUnavailableException error = RedisErrors.unavailable(config, e);
      chunks.forEach(chunk -> batch.failed(chunk, error));
      return;
    }
    for (int i = 0; i < replies.size(); i++) {
      Object reply = replies.get(i);
      if (reply instanceof JedisRedirectionException
          && provider instanceof ClusterConnectionProvider cluster) {
        reply = redirected(cluster, batch, chunks.get(i));
      }
      batch.answered(chunks.get(i), reply, error -> refused(provider, error));
    }
  }

  /** Follows a key to where it moved or is moving, which also learns the new map. */
  private Object redirected(ClusterConnectionProvider cluster, ScriptBatch batch, int[] chunk) {
    CommandArguments same = batch.arguments(Command.EVAL, chunk);
    // The executor wants to be told which of them is the key.
    CommandArguments arguments = new CommandArguments(Command.EVAL);
    arguments.add(same.get(1)).add(same.get(2)).key(batch.key(chunk[0]));
    for (int i = 4; i < same.size(); i++) {
      arguments.add(same.get(i));
    }
    try {
      return new ClusterCommandExecutor(
              cluster, REDIRECTIONS, config.readTimeout(), StaticCommandFlagsRegistry.registry())
          .executeCommand(new CommandObject<>(arguments, BuilderFactory.RAW_OBJECT));
    } catch (JedisDataException e) {
      return e;
    } catch (JedisException e) {
      return new JedisDataException(e);
    }
  }

  private StoreUnavailableException refused(ConnectionProvider provider, JedisDataException error) {
    if (RedisErrors.isReadOnly(error)) {
      connections.discard(provider);
    }
    return RedisErrors.unavailable(config, error);
  }
}
