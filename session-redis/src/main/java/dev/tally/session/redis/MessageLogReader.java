package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.CommandObjects;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.StaticCommandFlagsRegistry;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.executors.ClusterCommandExecutor;
import redis.clients.jedis.executors.CommandExecutor;
import redis.clients.jedis.executors.DefaultCommandExecutor;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Reads the {@link MessageLog} without changing it. Calls wait for the network. For one thread.
 *
 * <p>It is for people who look at the log. A program that must see every message uses a consumer
 * group of Redis (docs/MESSAGES.md).
 */
public final class MessageLogReader implements AutoCloseable {

  private static final int CLUSTER_ATTEMPTS = 3;

  private final RedisSettings settings;
  private final RedisConnections connections;
  private final CommandObjects commands = new CommandObjects(RedisProtocol.RESP2);

  /**
   * Makes a reader; connects when first used.
   *
   * @param settings where Redis is
   */
  public MessageLogReader(RedisSettings settings) {
    this.settings = settings;
    this.connections = new RedisConnections(settings);
  }

  /**
   * How many partitions the log has.
   *
   * @return 1 or more; empty if there is no log in Redis
   * @throws StoreUnavailableException if Redis did not answer
   */
  public OptionalInt partitions() {
    String number = run(objects -> objects.get(Partitions.NAME));
    try {
      return number == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(number));
    } catch (NumberFormatException e) {
      throw new StoreUnavailableException(
          "the key " + Partitions.NAME + " in Redis is '" + number + "', not a number", e);
    }
  }

  /**
   * The id of the newest entry of a partition.
   *
   * @param partition its number
   * @return {@code 0-0} if it has none
   * @throws StoreUnavailableException if Redis did not answer
   */
  public String newest(int partition) {
    List<StreamEntry> last =
        run(objects -> objects.xrevrange(MessageLog.stream(partition), "+", "-", 1));
    return last.isEmpty() ? "0-0" : last.get(0).getID().toString();
  }

  /**
   * Entries of one partition.
   *
   * @param partition its number
   * @param after the id behind which to begin, such as {@code 0-0}
   * @param limit the most entries; 1 or more
   * @return the oldest ones behind that id, in order; fewer than the limit at the end of the log.
   *     Entries that Tally did not write are left out.
   * @throws StoreUnavailableException if Redis did not answer
   */
  public Page read(int partition, String after, int limit) {
    List<StreamEntry> found =
        run(objects -> objects.xrange(MessageLog.stream(partition), following(after), "+", limit));
    List<LoggedEntry> entries = new ArrayList<>(found.size());
    String last = after;
    for (StreamEntry entry : found) {
      last = entry.getID().toString();
      try {
        entries.add(
            LoggedEntry.of(
                partition,
                entry.getID().getTime(),
                entry.getID().getSequence(),
                entry.getFields()));
      } catch (IllegalArgumentException e) {
        System.getLogger(MessageLogReader.class.getName())
            .log(System.Logger.Level.DEBUG, "not an entry of Tally: " + last, e);
      }
    }
    return new Page(entries, last, found.size() < limit);
  }

  /** The smallest id behind another one. Redis before 6.2 has no open ranges. */
  private static String following(String id) {
    String[] parts = id.split("-", 2);
    return parts[0] + "-" + (Long.parseLong(parts[1]) + 1);
  }

  /**
   * What a partition has behind an id.
   *
   * @param entries oldest first
   * @param last the id to go on behind
   * @param complete whether these are all there are now
   */
  public record Page(List<LoggedEntry> entries, String last, boolean complete) {

    /** Copies the list. */
    public Page {
      entries = List.copyOf(entries);
    }
  }

  @SuppressWarnings("resource") // To close an executor would close the pools.
  private <T> T run(Function<CommandObjects, CommandObject<T>> command) {
    ConnectionProvider provider = connections.provider();
    try {
      return executor(provider).executeCommand(command.apply(commands));
    } catch (JedisDataException e) {
      throw connections.refused(provider, e);
    } catch (JedisException e) {
      throw RedisErrors.unavailable(settings, e);
    }
  }

  private CommandExecutor executor(ConnectionProvider provider) {
    return provider instanceof ClusterConnectionProvider cluster
        ? new ClusterCommandExecutor(
            cluster,
            CLUSTER_ATTEMPTS,
            settings.readTimeout().multipliedBy(CLUSTER_ATTEMPTS),
            StaticCommandFlagsRegistry.registry())
        : new DefaultCommandExecutor(provider);
  }

  @Override
  public void close() {
    connections.close();
  }
}
