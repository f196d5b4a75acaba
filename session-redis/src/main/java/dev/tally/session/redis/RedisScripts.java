package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.exceptions.JedisAskDataException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Takes batches of scripts to the servers whose keys they name, each in one pipeline, and to the
 * masters of a Cluster at the same time. Safe for use by several threads.
 */
final class RedisScripts implements AutoCloseable {

  private static final Logger LOGGER = System.getLogger(RedisScripts.class.getName());

  /** Longer scripts would save little, and keep Redis from everybody else. */
  private static final int KEYS_PER_SCRIPT = 64;

  private static final int REDIRECTIONS = 3;

  private final RedisSettings settings;
  private final RedisConnections connections;

  private final SilentMasters silent = new SilentMasters();
  private final ExecutorService masters =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "tally-redis");
            thread.setDaemon(true);
            return thread;
          });

  RedisScripts(RedisSettings settings) {
    this.settings = settings;
    this.connections = new RedisConnections(settings);
  }

  /** Gets an answer for every call of the batch; never throws. */
  void run(ScriptBatch batch) {
    ConnectionProvider provider;
    try {
      provider = connections.provider();
    } catch (Throwable e) {
      batch.failed(IntStream.range(0, batch.size()).toArray(), unavailable(e));
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
    CompletableFuture<Void> unused =
        start(run)
            .whenComplete(
                (nothing, e) -> {
                  // That Redis is away is no news here.
                  if (e instanceof CompletionException && e.getCause() instanceof Error error) {
                    LOGGER.log(Level.ERROR, "looking after the masters of a Cluster failed", error);
                  }
                });
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
    } catch (Throwable e) {
      StoreUnavailableException error = unavailable(e);
      // A connection that broke says little: whoever makes the next one will know.
      if (e instanceof JedisConnectionException
          && (!connected || e.getCause() instanceof SocketTimeoutException)) {
        silence.accept(error);
      }
      chunks.forEach(chunk -> batch.failed(chunk, error));
      return;
    }
    boolean moved = false;
    for (int i = 0; i < replies.size(); i++) {
      int[] chunk = chunks.get(i);
      if (replies.get(i) instanceof JedisRedirectionException redirection
          && provider instanceof ClusterConnectionProvider cluster) {
        if (!moved && redirection instanceof JedisMovedDataException) {
          moved = true;
          execute(cluster::renewSlotCache);
        }
        redirected(cluster, batch, chunk, redirection);
      } else {
        batch.answered(chunk, replies.get(i), error -> refused(provider, error));
      }
    }
  }

  /** Follows a key to where it moved or is moving. */
  private void redirected(
      ClusterConnectionProvider cluster,
      ScriptBatch batch,
      int[] chunk,
      JedisRedirectionException redirection) {
    Object reply = redirection;
    for (int i = 0; i < REDIRECTIONS && reply instanceof JedisRedirectionException next; i++) {
      HostAndPort target = next.getTargetNode();
      Optional<StoreUnavailableException> silence = silent.errorOf(target);
      if (silence.isPresent()) {
        batch.failed(chunk, silence.get());
        return;
      }
      try (Connection connection = cluster.getConnection(target)) {
        reply = batch.runRedirected(connection, chunk, next instanceof JedisAskDataException);
      } catch (Throwable e) {
        StoreUnavailableException error = unavailable(e);
        if (e instanceof JedisConnectionException) {
          silent.add(cluster, target, error);
        }
        batch.failed(chunk, error);
        return;
      }
    }
    batch.answered(chunk, reply, error -> refused(cluster, error));
  }

  /** What is neither Redis's fault nor the network's is for the log, too. */
  private StoreUnavailableException unavailable(Throwable e) {
    if (e instanceof StoreUnavailableException known) {
      return known;
    }
    if (!(e instanceof JedisException || e instanceof IllegalStateException)) {
      LOGGER.log(Level.ERROR, "a batch for Redis failed", e);
    }
    return RedisErrors.unavailable(settings, e);
  }

  private StoreUnavailableException refused(ConnectionProvider provider, JedisDataException error) {
    if (RedisErrors.isReadOnly(error)) {
      connections.discard(provider);
    }
    return RedisErrors.unavailable(settings, error);
  }
}
