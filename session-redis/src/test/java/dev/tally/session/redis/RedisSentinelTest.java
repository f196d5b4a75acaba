package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RedisSentinelTest {

  private RedisServer master;
  private RedisServer replica;
  private List<RedisServer> sentinels;

  @BeforeEach
  void start() {
    master = RedisServer.start("repl-diskless-sync-delay 0");
    replica = RedisServer.start("replicaof 127.0.0.1 " + master.port());
    await().until(() -> master.cli("INFO", "replication").contains("state=online"));
    sentinels =
        Stream.generate(() -> RedisServer.startSentinel("mymaster", master, 2)).limit(3).toList();
    for (RedisServer sentinel : sentinels) {
      await()
          .until(
              () ->
                  sentinel.cli("SENTINEL", "CKQUORUM", "mymaster").startsWith("OK 3")
                      && sentinel.cli("SENTINEL", "REPLICAS", "mymaster").contains("ip"));
    }
  }

  @AfterEach
  void stop() {
    sentinels.forEach(RedisServer::close);
    replica.close();
    master.close();
  }

  @Test
  void sessionsGoOnAtTheNewMaster() {
    try (SessionStore store = Sessions.store(url("mymaster"));
        RedisSessionStore log =
            new RedisSessionStore(
                RedisUrl.parse(url("mymaster"), Sessions.TTL, Sessions.TTL),
                Optional.of(new MessageLog(2, 0)),
                ChatMetrics.NONE)) {
      store.checkHealth();
      master.cli("XADD", MessageLog.stream(1), "*", "n", "1");
      assertThat(log.messageLogStatus().entries()).isEqualTo(Map.of("0", 0L, "1", 1L));
      Sessions sessions = Sessions.open(store, 100);
      sessions.commitAndExpectStored(5);
      assertThat(master.cli("WAIT", "1", "120000")).isEqualTo("1");

      master.kill();
      sentinels.forEach(sentinel -> sentinel.takeSilenceForDeath("mymaster"));

      await()
          .pollInterval(Duration.ofMillis(200))
          .ignoreExceptions()
          .untilAsserted(() -> sessions.commitAndExpectStored(6));
      assertThat(replica.cli("ROLE")).startsWith("master");
      sessions.resumeAndExpect(6);
      await()
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(log.messageLogStatus().entries()).isEqualTo(Map.of("0", 0L, "1", 1L)));
    }
  }

  @Test
  void batchThatFailsHalfWayLeavesNoAnswersToTheNext() {
    HalfSent.leavesNoAnswersToTheNext(url("mymaster"));
  }

  @Test
  void masterThatNobodyWatchesIsUnavailable() {
    try (SessionStore store = Sessions.store(url("othermaster"))) {
      assertThatThrownBy(store::checkHealth)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("othermaster");
    }
  }

  private String url(String masterName) {
    return sentinels.stream()
        .map(RedisServer::address)
        .collect(Collectors.joining(",", "redis+sentinel://", "/" + masterName));
  }
}
