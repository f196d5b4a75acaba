package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.StaticCommandFlagsRegistry;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.executors.ClusterCommandExecutor;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Takes batches of scripts to the servers whose keys they name, each in one pipeline, and to the
 * masters of a Cluster at the same time. Safe for use by several threads.
 */
final class RedisScripts implements AutoCloseable {

  /** Longer scripts would save little, and keep Redis from everybody else. */
  private static final int KEYS_PER_SCRIPT = 64;

  private static final int REDIRECTIONS = 3;

  private final RedisSessionConfig config;
  private final RedisConnections connections;

  private final SilentMasters silent = new SilentMasters();
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

  /** Gets an answer for every call of the batch; never throws. */
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
      runOn(provider, provider::getConnection, error -> {}, batch, chunks);
    }
  }

  /**
   * Begins to learn anew where the parts of a Cluster are, and to ask its silent masters again,
   * each for a batch's first call. Does not wait for them: they may be as silent as before.
   *
   * @throws StoreUnavailableException if no way to Redis is known at all
   */
  void revisitMasters(ScriptBatch batch) {
    if (!(connections.provider() instanceof ClusterConnectionProvider cluster)) {
      return;
    }
    execute(cluster::renewSlotCache);
    silent.revisit(cluster, batch, this::execute);
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
      int[] chunk = {i};
      Optional<HostAndPort> master =
          Optional.ofNullable(cluster.getNode(JedisClusterCRC16.getSlot(batch.key(i))));
      Optional<StoreUnavailableException> silence = master.flatMap(silent::errorOf);
      if (silence.isPresent()) {
        batch.failed(chunk, silence.get());
      } else {
        chunks.computeIfAbsent(master, key -> new ArrayList<>()).add(chunk);
      }
    }
    List<CompletableFuture<Void>> others = new ArrayList<>(chunks.size());
    chunks.forEach(
        (master, theirs) -> {
          Supplier<Connection> source =
              () ->
                  cluster.getConnection(
                      master.orElseThrow(
                          () -> new JedisException("no master is known for a part of the keys")));
          Consumer<StoreUnavailableException> silence =
              error -> master.ifPresent(node -> silent.add(cluster, node, error));
          Runnable run = () -> runOn(cluster, source, silence, batch, theirs);
          if (others.size() == chunks.size() - 1) {
            run.run();
          } else {
            others.add(start(run));
          }
        });
    others.forEach(CompletableFuture::join);
  }

  private void execute(Runnable run) {
    CompletableFuture<Void> unused = start(run);
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

  /**
   * Gets an answer for each chunk.
   *
   * @param silence told of an error that it took a timeout to see, or may take the next time
   */
  private void runOn(
      ConnectionProvider provider,
      Supplier<Connection> source,
      Consumer<StoreUnavailableException> silence,
      ScriptBatch batch,
      List<int[]> chunks) {
    List<Object> replies;
    boolean connected = false;
    try (Connection connection = source.get()) {
      connected = true;
      replies = batch.runOn(connection, chunks);
    } catch (JedisException | IllegalStateException e) {
      StoreUnavailableException error = RedisErrors.unavailable(config, e);
      // A connection that broke says little: whoever makes the next one will know.
      if (e instanceof JedisConnectionException
          && (!connected || e.getCause() instanceof SocketTimeoutException)) {
        silence.accept(error);
      }
      chunks.forEach(chunk -> batch.failed(chunk, error));
      return;
    }
    for (int i = 0; i < replies.size(); i++) {
      Object reply = replies.get(i);
      if (reply instanceof JedisRedirectionException redirection
          && provider instanceof ClusterConnectionProvider cluster) {
        Optional<StoreUnavailableException> error = silent.errorOf(redirection.getTargetNode());
        if (error.isPresent()) {
          batch.failed(chunks.get(i), error.get());
          continue;
        }
        reply = redirected(cluster, batch, chunks.get(i), redirection.getTargetNode());
      }
      batch.answered(chunks.get(i), reply, error -> refused(provider, error));
    }
  }

  /** Follows a key to where it moved or is moving, which also learns the new map. */
  private Object redirected(
      ClusterConnectionProvider cluster, ScriptBatch batch, int[] chunk, HostAndPort target) {
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
      if (e.getCause() instanceof JedisConnectionException) {
        silent.add(cluster, target, RedisErrors.unavailable(config, e));
      }
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
