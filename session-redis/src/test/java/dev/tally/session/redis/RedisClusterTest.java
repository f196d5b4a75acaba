package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.session.redis.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class RedisClusterTest {

  private List<RedisServer> masters;
  private SessionStore store;

  @BeforeEach
  void start() {
    masters =
        Stream.generate(
                () ->
                    RedisServer.start(
                        "cluster-enabled yes",
                        "cluster-port " + RedisServer.freePort(),
                        "cluster-node-timeout 3000",
                        "cluster-require-full-coverage no",
                        "appendonly yes",
                        "appendfsync always"))
            .limit(3)
            .toList();
    String[] create =
        Stream.of(
                Stream.of("--cluster", "create"),
                masters.stream().map(RedisServer::address),
                Stream.of("--cluster-yes"))
            .flatMap(part -> part)
            .toArray(String[]::new);
    assertThat(masters.get(0).cli(create)).contains("All 16384 slots covered");
    for (RedisServer master : masters) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> master.cli("CLUSTER", "INFO").contains("cluster_state:ok"));
    }
    store =
        Sessions.store(
            masters.stream()
                .map(RedisServer::address)
                .collect(Collectors.joining(",", "redis+cluster://", "")));
  }

  @AfterEach
  void stop() {
    store.close();
    masters.forEach(RedisServer::close);
  }

  @Test
  void sessionsOfAllMastersAreServedInOneBatch() {
    store.checkHealth();
    Sessions sessions = Sessions.open(store, 300);

    sessions.commitAndExpectStored(1);
    masters.forEach(master -> master.cli("SCRIPT", "FLUSH"));
    sessions.commitAndExpectStored(2);

    sessions.resumeAndExpect(2);
    assertThat(masters).allMatch(master -> Integer.parseInt(master.cli("DBSIZE")) > 50);
  }

  @Test
  void masterThatIsDownFailsItsOwnSessionsOnly() {
    Sessions sessions = Sessions.open(store, 300);
    sessions.commitAndExpectStored(1);
    RedisServer down = masters.get(1);
    int its = (int) down.cli("--scan", "--pattern", "tally:session:*").lines().count();

    down.kill();
    List<CommitResult> results = sessions.commit(2);

    assertThat(results).containsOnly(CommitResult.STORED, CommitResult.UNAVAILABLE);
    assertThat(results.stream().filter(result -> result == CommitResult.UNAVAILABLE)).hasSize(its);
    assertThatCode(store::checkHealth).doesNotThrowAnyException();

    down.restart();
    await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> sessions.commitAndExpectStored(3));
    sessions.resumeAndExpect(3);
  }

  @Test
  void sessionsAreFollowedWhenTheirSlotsMove() {
    Sessions sessions = Sessions.open(store, 300);
    sessions.commitAndExpectStored(1);
    String from = masters.get(0).cli("CLUSTER", "MYID");
    String to = masters.get(1).cli("CLUSTER", "MYID");
    int before = Integer.parseInt(masters.get(0).cli("DBSIZE"));

    masters
        .get(0)
        .cli(
            "--cluster",
            "reshard",
            masters.get(0).address(),
            "--cluster-from",
            from,
            "--cluster-to",
            to,
            "--cluster-slots",
            "2000",
            "--cluster-yes");
    assertThat(Integer.parseInt(masters.get(0).cli("DBSIZE"))).isLessThan(before);

    sessions.commitAndExpectStored(2);
    sessions.resumeAndExpect(2);
  }
}
