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
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.exceptions.JedisAskDataException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Runs a batch of script calls on the masters of a Cluster: in one pipeline for each master, on all
 * masters at the same time. Jedis's own pipeline for clusters does not follow keys that move to
 * another master. Safe for use by several threads.
 */
final class ClusterScripts implements AutoCloseable {

  private static final Logger LOGGER = System.getLogger(ClusterScripts.class.getName());

  /** A key that moves twice during a call is rare; more redirections mean a loop. */
  private static final int MAX_REDIRECTIONS = 3;

  private final RedisSettings settings;
  private final RedisConnections connections;
  private final UnresponsiveMasters unresponsive = new UnresponsiveMasters();
  private final ExecutorService masters =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "tally-redis");
            thread.setDaemon(true);
            return thread;
          });

  ClusterScripts(RedisSettings settings, RedisConnections connections) {
    this.settings = settings;
    this.connections = connections;
  }

  /** Gets an answer or a failure for every call of the batch; never throws. */
  void run(ClusterConnectionProvider cluster, ScriptBatch batch) {
    Map<Optional<HostAndPort>, List<int[]>> chunks = chunksByMaster(cluster, batch);
    List<CompletableFuture<Void>> others = new ArrayList<>(chunks.size());
    chunks.forEach(
        (master, chunksOfMaster) -> {
          Runnable run = () -> runOn(cluster, master, batch, chunksOfMaster);
          // This thread takes the last master itself, instead of only waiting for the others.
          if (others.size() == chunks.size() - 1) {
            run.run();
          } else {
            others.add(start(run));
          }
        });
    // join() throws nothing here: runOn turns every error into failures of its calls.
    others.forEach(CompletableFuture::join);
  }

  /** Starts to refresh the map of masters, and to probe the unresponsive ones. Does not wait. */
  void probe(ClusterConnectionProvider cluster, ScriptBatch batch) {
    startUnattended(cluster::renewSlotCache);
    unresponsive.probe(cluster, batch, this::startUnattended);
  }

  @Override
  public void close() {
    masters.shutdown();
  }

  /**
   * Groups the calls by master, and fails those for unresponsive masters. Each call is a chunk of
   * its own: in a Cluster a script may only use keys of one slot. The master is empty for slots
   * that no known node serves.
   */
  private Map<Optional<HostAndPort>, List<int[]>> chunksByMaster(
      ClusterConnectionProvider cluster, ScriptBatch batch) {
    Map<Optional<HostAndPort>, List<int[]>> chunks = new LinkedHashMap<>();
    for (int i = 0; i < batch.size(); i++) {
      int[] chunk = {i};
      Optional<HostAndPort> master =
          Optional.ofNullable(cluster.getNode(JedisClusterCRC16.getSlot(batch.key(i))));
      Optional<StoreUnavailableException> error = master.flatMap(unresponsive::errorOf);
      if (error.isPresent()) {
        batch.failed(chunk, error.get());
      } else {
        chunks.computeIfAbsent(master, key -> new ArrayList<>()).add(chunk);
      }
    }
    return chunks;
  }

  private void runOn(
      ClusterConnectionProvider cluster,
      Optional<HostAndPort> master,
      ScriptBatch batch,
      List<int[]> chunks) {
    List<Object> replies;
    boolean connected = false;
    try (Connection connection = connection(cluster, master)) {
      connected = true;
      replies = batch.runOn(connection, chunks);
    } catch (Throwable e) {
      StoreUnavailableException error = RedisErrors.unavailable(settings, e);
      // This decides whether the next batches wait for the master, so it must not be too hasty.
      // A pooled connection also breaks when its master was restarted and is back already. The
      // master itself is unresponsive only if connecting failed or an answer did not come in time.
      if (e instanceof JedisConnectionException
          && (!connected || e.getCause() instanceof SocketTimeoutException)) {
        master.ifPresent(node -> unresponsive.add(cluster, node, error));
      }
      chunks.forEach(chunk -> batch.failed(chunk, error));
      return;
    }
    boolean refreshing = false;
    for (int i = 0; i < chunks.size(); i++) {
      if (replies.get(i) instanceof JedisRedirectionException redirection) {
        if (!refreshing && redirection instanceof JedisMovedDataException) {
          refreshing = true;
          startUnattended(cluster::renewSlotCache);
        }
        follow(cluster, batch, chunks.get(i), redirection);
      } else {
        answered(cluster, batch, chunks.get(i), replies.get(i));
      }
    }
  }

  private static Connection connection(
      ClusterConnectionProvider cluster, Optional<HostAndPort> master) {
    return cluster.getConnection(
        master.orElseThrow(() -> new JedisException("no known master serves a part of the keys")));
  }

  /** Runs a chunk on the master to which its key has moved, or is moving. */
  private void follow(
      ClusterConnectionProvider cluster,
      ScriptBatch batch,
      int[] chunk,
      JedisRedirectionException redirection) {
    Object reply = redirection;
    for (int i = 0; i < MAX_REDIRECTIONS && reply instanceof JedisRedirectionException next; i++) {
      HostAndPort target = next.getTargetNode();
      Optional<StoreUnavailableException> known = unresponsive.errorOf(target);
      if (known.isPresent()) {
        batch.failed(chunk, known.get());
        return;
      }
      try (Connection connection = cluster.getConnection(target)) {
        reply = batch.runRedirected(connection, chunk, next instanceof JedisAskDataException);
      } catch (Throwable e) {
        StoreUnavailableException error = RedisErrors.unavailable(settings, e);
        if (e instanceof JedisConnectionException) {
          unresponsive.add(cluster, target, error);
        }
        batch.failed(chunk, error);
        return;
      }
    }
    answered(cluster, batch, chunk, reply);
  }

  private void answered(
      ClusterConnectionProvider cluster, ScriptBatch batch, int[] chunk, Object reply) {
    batch.answered(chunk, reply, error -> connections.refused(cluster, error));
  }

  /** Starts a task without waiting for it. */
  private void startUnattended(Runnable task) {
    CompletableFuture<Void> unused =
        start(task)
            .whenComplete(
                (nothing, e) -> {
                  // Exceptions mean that Redis is away; batches report that. An Error is a bug.
                  if (e instanceof CompletionException && e.getCause() instanceof Error error) {
                    LOGGER.log(Level.ERROR, "a task for the masters of a Cluster failed", error);
                  }
                });
  }

  private CompletableFuture<Void> start(Runnable task) {
    try {
      return CompletableFuture.runAsync(task, masters);
    } catch (RejectedExecutionException e) {
      // The store was closed meanwhile. Run here, the task fails when it asks for a connection, and
      // every call of the batch gets its failure.
      task.run();
      return CompletableFuture.completedFuture(null);
    }
  }
}
