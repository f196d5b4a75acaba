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
 * Masters of a Cluster that could not be reached or did not answer in time. What goes to them fails
 * at once until they were heard from: a batch waits for its slowest master, and what failed comes
 * again. Held down to the nodes that there are. Safe for use by several threads.
 */
final class SilentMasters {

  private static final Logger LOGGER = System.getLogger(SilentMasters.class.getName());

  private final Map<HostAndPort, StoreUnavailableException> errors = new ConcurrentHashMap<>();

  /** Those that were asked again and have not answered yet. */
  private final Set<HostAndPort> visited = ConcurrentHashMap.newKeySet();

  /** Why what goes to a master fails at once; empty if it does not. */
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
      pool.clear(); // The connections that nobody uses now may be as dead.
    }
  }

  /** Has each of them asked again, for a batch's first call, unless it still is. */
  void revisit(ClusterConnectionProvider cluster, ScriptBatch batch, Executor executor) {
    Set<String> nodes = cluster.getNodes().keySet();
    errors.keySet().removeIf(master -> !nodes.contains(master.toString()));
    for (HostAndPort master : errors.keySet()) {
      if (visited.add(master)) {
        executor.execute(() -> visit(cluster, master, batch));
      }
    }
  }

  private void visit(ClusterConnectionProvider cluster, HostAndPort master, ScriptBatch batch) {
    try (Connection connection = cluster.getConnection(master)) {
      // Any answer will do, and be it that the key is elsewhere.
      batch.runOn(connection, List.of(new int[] {0}));
      remove(master);
    } catch (JedisDataException e) {
      remove(master);
    } catch (JedisException | IllegalStateException e) {
      // As silent as before.
    } finally {
      visited.remove(master);
    }
  }

  private void remove(HostAndPort master) {
    if (errors.remove(master) != null) {
      LOGGER.log(Level.INFO, "a master of the Cluster is back, {0}", master);
    }
  }
}
