package dev.tally.session.redis.testing;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Cluster of three masters, for tests.
 *
 * @param masters its nodes
 */
public record RedisCluster(List<RedisServer> masters) implements AutoCloseable {

  /** Copies the list. */
  public RedisCluster {
    masters = List.copyOf(masters);
  }

  /**
   * Starts three masters and gives each a third of the slots.
   *
   * @return the Cluster; every node knows the others
   */
  public static RedisCluster start() {
    RedisCluster cluster = new RedisCluster(Stream.generate(RedisCluster::node).limit(3).toList());
    String[] create =
        Stream.of(
                Stream.of("--cluster", "create"),
                cluster.masters.stream().map(RedisServer::address),
                Stream.of("--cluster-yes"))
            .flatMap(part -> part)
            .toArray(String[]::new);
    assertThat(cluster.masters.get(0).cli(create)).contains("All 16384 slots covered");
    cluster.awaitAll();
    return cluster;
  }

  /**
   * Starts a node that is part of no Cluster yet.
   *
   * @param settings further lines of redis.conf
   * @return the node; it answers already
   */
  public static RedisServer node(String... settings) {
    return RedisServer.start(
        Stream.concat(
                Stream.of(
                    "cluster-enabled yes",
                    "cluster-port {bus-port}",
                    // On a busy machine a node that works may be silent for a while.
                    "cluster-node-timeout 60000",
                    "cluster-require-full-coverage no",
                    "appendonly yes",
                    // Written data must survive the process only, not the machine.
                    "appendfsync no"),
                Stream.of(settings))
            .toArray(String[]::new));
  }

  /**
   * How to reach it.
   *
   * @param options of the URL, with their question mark; or empty
   * @return the URL
   */
  public String url(String options) {
    return masters.stream()
        .map(RedisServer::address)
        .collect(Collectors.joining(",", "redis+cluster://", options));
  }

  /** Waits until every node knows that all of them are there. */
  public void awaitAll() {
    masters.forEach(RedisCluster::awaitPartOfTheCluster);
  }

  private static void awaitPartOfTheCluster(RedisServer node) {
    await()
        .until(
            () ->
                node.cli("CLUSTER", "INFO").contains("cluster_state:ok")
                    && !node.cli("CLUSTER", "NODES").contains("fail"));
  }

  /**
   * Moves slots with their keys from one master to another, the lowest ones first.
   *
   * @param from the number of the master that has them
   * @param to the number of the master that gets them
   * @param slots how many
   */
  public void moveSlots(int from, int to, int slots) {
    RedisServer source = masters.get(from);
    source.cli(
        "--cluster",
        "reshard",
        source.address(),
        "--cluster-from",
        source.cli("CLUSTER", "MYID"),
        "--cluster-to",
        masters.get(to).cli("CLUSTER", "MYID"),
        "--cluster-slots",
        "" + slots,
        "--cluster-yes");
  }

  @Override
  public void close() {
    masters.forEach(RedisServer::close);
  }
}
