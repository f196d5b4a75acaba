package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.PATIENCE;
import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.session.redis.testing.RedisCluster;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RedisClusterTest {

  private RedisCluster cluster;
  private List<RedisServer> masters;
  private SessionStore store;

  @BeforeEach
  void start() {
    cluster = RedisCluster.start();
    masters = cluster.masters();
    store = Sessions.store(url(""));
  }

  @AfterEach
  void stop() {
    store.close();
    cluster.close();
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
  void batchThatFailsHalfWayLeavesNoAnswersToTheNext() {
    HalfSent.leavesNoAnswersToTheNext(url(""));
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
    await().untilAsserted(() -> checkAndCommit(store, sessions, 3));
    sessions.resumeAndExpect(3);
  }

  @Test
  void masterThatWasSilentIsNotWaitedForUntilAHealthCheckHearsFromIt() {
    try (SessionStore patient = Sessions.store(url("?read_timeout=4s"))) {
      Sessions sessions = Sessions.open(patient, 300);
      RedisServer silent = masters.get(1);
      silent.pause();

      List<CommitResult> waited = sessions.commit(1);
      assertThat(waited).containsOnly(CommitResult.STORED, CommitResult.UNAVAILABLE);
      silent.resume();
      cluster.awaitAll();

      // It would answer now, but no command is sent to it before the health check.
      assertThat(sessions.commit(2)).isEqualTo(waited);
      await().untilAsserted(() -> checkAndCommit(patient, sessions, 3));
      sessions.resumeAndExpect(3);
    }
  }

  @Test
  void healthCheckDoesNotWaitForASilentMaster() {
    try (SessionStore patient = Sessions.store(url("?read_timeout=60s"))) {
      Sessions sessions = Sessions.open(patient, 300);
      RedisServer silent = masters.get(1);
      silent.kill();
      assertThat(sessions.commit(1)).contains(CommitResult.STORED, CommitResult.UNAVAILABLE);
      // The first failed on a pooled connection. Only a new connection that fails marks the master.
      assertThat(sessions.commit(2)).contains(CommitResult.STORED, CommitResult.UNAVAILABLE);
      silent.restart();
      silent.pause();

      assertThat(CompletableFuture.runAsync(patient::checkHealth)).succeedsWithin(PATIENCE);

      silent.resume();
      await().untilAsserted(() -> checkAndCommit(patient, sessions, 3));
    }
  }

  @Test
  void sessionsGoOnAtTheNewMaster() {
    RedisServer silent = masters.get(1);
    try (RedisServer replica = RedisCluster.node("cluster-replica-validity-factor 0")) {
      assertThat(
              silent.cli(
                  "--cluster",
                  "add-node",
                  replica.address(),
                  silent.address(),
                  "--cluster-slave",
                  "--cluster-master-id",
                  silent.cli("CLUSTER", "MYID")))
          .contains("New node added correctly");
      await().until(() -> replica.cli("INFO", "replication").contains("master_link_status:up"));
      Sessions sessions = Sessions.open(store, 300);
      sessions.commitAndExpectStored(1);

      silent.pause();
      Stream.concat(masters.stream().filter(master -> master != silent), Stream.of(replica))
          .forEach(node -> node.cli("CONFIG", "SET", "cluster-node-timeout", "3000"));

      await().ignoreExceptions().untilAsserted(() -> checkAndCommit(store, sessions, 2));
      assertThat(replica.cli("ROLE")).startsWith("master");
      silent.resume();
      await().ignoreExceptions().untilAsserted(() -> checkAndCommit(store, sessions, 3));
      sessions.resumeAndExpect(3);
    }
  }

  @Test
  void sessionsAreFollowedWhileTheirSlotMovesAndWithTheDocumentedAccessControlOnly()
      throws IOException {
    for (RedisServer master : masters) {
      setUser(master, AccessControl.user());
      setUser(master, AccessControl.userOfCluster());
    }
    try (SessionStore permitted = Sessions.store(url("").replace("://", "://tally:secret@"))) {
      permitted.checkHealth();
      Sessions session = Sessions.open(permitted, 1);
      RedisServer target = moveSlotOf(session);

      session.commitAndExpectStored(1);

      assertThat(target.cli("DBSIZE")).isNotEqualTo("0");
      assertThat(masters).allMatch(master -> master.cli("ACL", "LOG").isEmpty());
    }
  }

  @Test
  void masterThatASlotMovesToAndThatWasSilentIsNotWaitedForEither() {
    try (SessionStore patient = Sessions.store(url("?read_timeout=4s"))) {
      Sessions session = Sessions.open(patient, 1);
      RedisServer silent = moveSlotOf(session);
      silent.pause();
      assertThat(session.commit(1)).containsExactly(CommitResult.UNAVAILABLE);
      silent.resume();
      cluster.awaitAll();

      assertThat(session.commit(2)).containsExactly(CommitResult.UNAVAILABLE);
      await().untilAsserted(() -> checkAndCommit(patient, session, 3));
    }
  }

  @Test
  void sessionsAreFollowedWhenTheirSlotsMove() {
    Sessions sessions = Sessions.open(store, 300);
    sessions.commitAndExpectStored(1);

    int before = Integer.parseInt(masters.get(0).cli("DBSIZE"));
    cluster.moveSlots(0, 1, 2000);
    assertThat(Integer.parseInt(masters.get(0).cli("DBSIZE"))).isLessThan(before);

    sessions.commitAndExpectStored(2);
    sessions.resumeAndExpect(2);
  }

  /** Begins to move the slot of the first session, which goes first; returns where to. */
  private RedisServer moveSlotOf(Sessions sessions) {
    String key = "tally:session:{" + sessions.leases().get(0).sessionId().text() + "}";
    RedisServer from =
        masters.stream().filter(master -> master.cli("EXISTS", key).equals("1")).findAny().get();
    RedisServer to = masters.stream().filter(master -> master != from).findAny().get();
    String slot = from.cli("CLUSTER", "KEYSLOT", key);
    String source = from.cli("CLUSTER", "MYID");
    String target = to.cli("CLUSTER", "MYID");
    assertThat(to.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", source)).isEqualTo("OK");
    assertThat(from.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", target)).isEqualTo("OK");
    assertThat(from.cli("DEL", key)).isEqualTo("1");
    return to;
  }

  private static void checkAndCommit(SessionStore store, Sessions sessions, long count) {
    store.checkHealth();
    sessions.commitAndExpectStored(count);
  }

  private String url(String options) {
    return cluster.url(options);
  }

  private static void setUser(RedisServer server, String rules) {
    String[] command = ("ACL SETUSER " + rules).split(" ");
    assertThat(server.cli(command)).isEqualTo("OK");
  }
}
