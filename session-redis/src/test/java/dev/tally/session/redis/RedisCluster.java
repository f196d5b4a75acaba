package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.RedisServer;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Cluster of three masters, for tests.
 *
 * @param masters its nodes
 */
record RedisCluster(List<RedisServer> masters) implements AutoCloseable {

  static RedisCluster start() {
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

  static RedisServer node(String... settings) {
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

  String url(String options) {
    return masters.stream()
        .map(RedisServer::address)
        .collect(Collectors.joining(",", "redis+cluster://", options));
  }

  /** Waits until every node knows that all of them are there. */
  void awaitAll() {
    masters.forEach(RedisCluster::awaitPartOfTheCluster);
  }

  private static void awaitPartOfTheCluster(RedisServer node) {
    await()
        .until(
            () ->
                node.cli("CLUSTER", "INFO").contains("cluster_state:ok")
                    && !node.cli("CLUSTER", "NODES").contains("fail"));
  }

  /** Moves 2,000 slots with their keys from the first master to the second. */
  void moveSlots() {
    RedisServer from = masters.get(0);
    int before = Integer.parseInt(from.cli("DBSIZE"));
    from.cli(
        "--cluster",
        "reshard",
        from.address(),
        "--cluster-from",
        from.cli("CLUSTER", "MYID"),
        "--cluster-to",
        masters.get(1).cli("CLUSTER", "MYID"),
        "--cluster-slots",
        "2000",
        "--cluster-yes");
    assertThat(Integer.parseInt(from.cli("DBSIZE"))).isLessThan(before);
  }

  @Override
  public void close() {
    masters.forEach(RedisServer::close);
  }
}
