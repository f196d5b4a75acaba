package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionPool;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.providers.ClusterConnectionProvider;

/**
 * The masters of a Cluster that could not be reached or did not answer in time. A batch waits for
 * its slowest master, and the sessions of a failed one are retried with the next batch. So without
 * this, one dead master would delay every batch by a timeout. Commands for a master in this list
 * fail at once instead, until a probe gets an answer. Safe for use by several threads.
 */
final class UnresponsiveMasters {

  private static final Logger LOGGER = System.getLogger(UnresponsiveMasters.class.getName());

  /** At most the nodes of the Cluster: {@link #probe} removes nodes that left it. */
  private final Map<HostAndPort, StoreUnavailableException> errors = new ConcurrentHashMap<>();

  /** Masters with a probe under way. A probe can take a timeout; there is one at a time. */
  private final Set<HostAndPort> probing = ConcurrentHashMap.newKeySet();

  /** The error for commands to a master; empty if the master is not in the list. */
  Optional<StoreUnavailableException> errorOf(HostAndPort master) {
    return Optional.ofNullable(errors.get(master));
  }

  void add(ClusterConnectionProvider cluster, HostAndPort master, StoreUnavailableException error) {
    if (errors.put(master, error) == null) {
      LOGGER.log(
          Level.WARNING, "a master of the Cluster is away, {0}: {1}", master, error.getMessage());
    }
    ConnectionPool pool = cluster.getNodes().get(master.toString());
    if (pool != null) {
      pool.clear(); // The idle connections to it are probably dead too.
    }
  }

  /** Sends a batch's first call to each of them, and removes those that answer. Does not wait. */
  void probe(ClusterConnectionProvider cluster, ScriptBatch batch, Executor executor) {
    Set<String> nodes = cluster.getNodes().keySet();
    errors.keySet().removeIf(master -> !nodes.contains(master.toString()));
    for (HostAndPort master : errors.keySet()) {
      if (probing.add(master)) {
        executor.execute(() -> probe(cluster, master, batch));
      }
    }
  }

  private void probe(ClusterConnectionProvider cluster, HostAndPort master, ScriptBatch batch) {
    try (Connection connection = cluster.getConnection(master)) {
      // Any answer proves that the master responds, also that the key belongs to another one.
      batch.runOn(connection, List.of(new int[] {0}));
      remove(master);
    } catch (JedisDataException e) {
      remove(master);
    } catch (JedisException | IllegalStateException e) {
      // It still does not respond: it stays in the list.
    } finally {
      probing.remove(master);
    }
  }

  private void remove(HostAndPort master) {
    if (errors.remove(master) != null) {
      LOGGER.log(Level.INFO, "a master of the Cluster is back, {0}", master);
    }
  }
}
