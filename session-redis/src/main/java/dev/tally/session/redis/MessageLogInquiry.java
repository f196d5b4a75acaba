package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.ConnectionProvider;
import redis.clients.jedis.resps.StreamGroupInfo;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Asks Redis for the status of the message log: one pipeline for each server that has partitions.
 * Safe for use by several threads.
 */
final class MessageLogInquiry {

  private final MessageLog log;
  private final RedisSettings settings;
  private final RedisConnections connections;

  MessageLogInquiry(MessageLog log, RedisSettings settings, RedisConnections connections) {
    this.log = log;
    this.settings = settings;
    this.connections = connections;
  }

  /**
   * Asks, and waits for the answers.
   *
   * @throws StoreUnavailableException if no partition answers, or the user may not ask
   */
  MessageLogStatus ask() {
    ConnectionProvider provider = connections.provider();
    Answers answers = new Answers();
    try {
      if (provider instanceof ClusterConnectionProvider cluster) {
        partitionsByMaster(cluster)
            .forEach(
                (master, partitions) ->
                    master.ifPresent(node -> askMaster(cluster, node, partitions, answers)));
      } else {
        try (Connection connection = provider.getConnection()) {
          ask(connection, partitions(), answers);
        }
      }
    } catch (JedisException | IllegalStateException e) {
      throw RedisErrors.unavailable(settings, e);
    }
    if (answers.entries.isEmpty()) {
      throw answers.error == null
          ? new StoreUnavailableException("no master serves the message log")
          : RedisErrors.unavailable(settings, answers.error);
    }
    return answers.status();
  }

  private List<Integer> partitions() {
    List<Integer> partitions = new ArrayList<>();
    for (int partition = 0; partition < log.partitions(); partition++) {
      partitions.add(partition);
    }
    return partitions;
  }

  private Map<Optional<HostAndPort>, List<Integer>> partitionsByMaster(
      ClusterConnectionProvider cluster) {
    Map<Optional<HostAndPort>, List<Integer>> partitions = new LinkedHashMap<>();
    for (int partition : partitions()) {
      int slot = JedisClusterCRC16.getSlot(MessageLog.stream(partition));
      partitions
          .computeIfAbsent(Optional.ofNullable(cluster.getNode(slot)), key -> new ArrayList<>())
          .add(partition);
    }
    return partitions;
  }

  /** If a master of a Cluster is away, the partitions of the others still count. */
  private static void askMaster(
      ClusterConnectionProvider cluster,
      HostAndPort master,
      List<Integer> partitions,
      Answers answers) {
    try (Connection connection = cluster.getConnection(master)) {
      ask(connection, partitions, answers);
    } catch (JedisDataException e) {
      throw e;
    } catch (JedisException e) {
      answers.error = e;
    }
  }

  private static void ask(Connection connection, List<Integer> partitions, Answers answers) {
    List<Response<Long>> lengths = new ArrayList<>();
    List<Response<List<StreamGroupInfo>>> groups = new ArrayList<>();
    // The connection goes back to its pool in the caller. With unread answers it must not: the next
    // batch of commits would take them for its own.
    boolean complete = false;
    try {
      Pipeline pipeline = new Pipeline(connection, false);
      for (int partition : partitions) {
        lengths.add(pipeline.xlen(MessageLog.stream(partition)));
        groups.add(pipeline.xinfoGroups(MessageLog.stream(partition)));
      }
      pipeline.sync();
      complete = true;
    } finally {
      if (!complete) {
        connection.setBroken();
      }
    }
    for (int i = 0; i < partitions.size(); i++) {
      answers.add(partitions.get(i), lengths.get(i), groups.get(i));
    }
  }

  /** What the partitions answered so far. */
  private final class Answers {

    private final Map<String, Long> entries = new LinkedHashMap<>();
    private final SortedMap<String, Group> groups = new TreeMap<>();
    private @Nullable JedisException error;

    void add(
        int partition, Response<Long> length, Response<List<StreamGroupInfo>> groupsOfPartition) {
      try {
        long there = length.get();
        for (StreamGroupInfo group : there(groupsOfPartition)) {
          String name = group.getName();
          groups
              .computeIfAbsent(
                  name.substring(0, Math.min(name.length(), MessageLogStatus.MAX_NAME)),
                  key -> new Group())
              .add(group);
        }
        entries.put(Integer.toString(partition), there);
      } catch (JedisDataException e) {
        if (text(e).startsWith("NOPERM")) {
          throw e;
        }
        // A partition that moves to another master, or a key that is no stream.
        error = e;
      }
    }

    /** The groups of a stream; none if it does not exist yet. */
    private static List<StreamGroupInfo> there(Response<List<StreamGroupInfo>> groups) {
      try {
        return groups.get();
      } catch (JedisDataException e) {
        if (text(e).contains("no such key")) {
          return List.of();
        }
        throw e;
      }
    }

    private static String text(JedisDataException error) {
      return String.valueOf(error.getMessage());
    }

    MessageLogStatus status() {
      if (entries.size() < log.partitions()) {
        // Sums over some partitions would look as if groups were less behind than they are.
        return new MessageLogStatus(entries, Map.of(), Map.of(), Map.of());
      }
      Map<String, Long> lag = new LinkedHashMap<>();
      Map<String, Double> lagRatio = new LinkedHashMap<>();
      Map<String, Long> unacknowledged = new LinkedHashMap<>();
      groups.entrySet().stream()
          .limit(MessageLogStatus.MAX_GROUPS)
          .forEach(
              entry -> {
                Group group = entry.getValue();
                if (group.known) {
                  lag.put(entry.getKey(), group.lag);
                }
                if (log.length() > 0 && group.largestLag >= 0) {
                  lagRatio.put(entry.getKey(), (double) group.largestLag / log.length());
                }
                unacknowledged.put(entry.getKey(), group.unacknowledged);
              });
      return new MessageLogStatus(entries, lag, lagRatio, unacknowledged);
    }
  }

  /** One consumer group in all partitions. */
  private static final class Group {

    private boolean known = true;
    private long lag;
    private long largestLag = -1;
    private long unacknowledged;

    void add(StreamGroupInfo partition) {
      unacknowledged += partition.getPending();
      if (partition.getGroupInfo().get("lag") instanceof Long here) {
        lag += here;
        largestLag = Math.max(largestLag, here);
      } else {
        known = false;
      }
    }
  }
}
