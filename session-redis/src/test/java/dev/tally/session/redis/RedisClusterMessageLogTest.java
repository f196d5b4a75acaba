package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.testing.LogEntry;
import dev.tally.chat.testing.MessageLogContract;
import dev.tally.session.redis.testing.RedisCluster;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.StreamEntryID;

class RedisClusterMessageLogTest extends MessageLogContract {

  private static final MessageLog LOG = new MessageLog(MessageLog.DEFAULT_PARTITIONS, 0);

  private static RedisCluster cluster;
  private static LoggedEntries reader;

  @BeforeAll
  static void startRedis() {
    cluster = RedisCluster.start();
    Set<HostAndPort> nodes =
        cluster.masters().stream()
            .map(RedisServer::address)
            .map(HostAndPort::from)
            .collect(Collectors.toSet());
    reader = new LoggedEntries(RedisClusterClient.create(nodes), LOG.partitions());
  }

  @AfterAll
  static void stopRedis() {
    reader.redis().close();
    cluster.close();
  }

  @Override
  protected RedisSessionStore newStore(Duration ttl, Duration unusedTtl) {
    forgetSessions();
    return new RedisSessionStore(
        RedisUrl.parse(cluster.url(""), ttl, unusedTtl), Optional.of(LOG), ChatMetrics.NONE);
  }

  @Override
  protected void elapse(Duration duration) {
    cluster.masters().forEach(master -> Ageing.elapse(master, duration));
  }

  @Override
  protected void forgetSessions() {
    cluster.masters().forEach(master -> master.cli("FLUSHALL"));
  }

  @Override
  protected List<LogEntry> log(SessionId id) {
    return reader.log(id);
  }

  @Test
  void sessionAndItsStreamShareASlot() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      store.commit(commit(store.open(id), 1));

      int partition = LOG.partitionOf(id);
      List<String> keys =
          cluster.masters().stream()
              .flatMap(master -> master.cli("--scan", "--pattern", "tally:*").lines())
              .toList();
      assertThat(keys)
          .contains(
              "tally:session:{" + partition + "}:" + id.text(),
              "tally:messages:{" + partition + "}");
    }
  }

  @Test
  void logGoesOnWhenSlotsMoveAndWhenAMasterWasGone() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      List<SessionId> ids = Stream.generate(SessionId::random).limit(300).toList();
      List<Lease> leases = store.openAll(ids).stream().map(Optional::orElseThrow).toList();
      commitAll(store, leases, 1);

      int before = Integer.parseInt(cluster.masters().get(0).cli("DBSIZE"));
      cluster.moveSlots(0, 1, 2000);
      assertThat(Integer.parseInt(cluster.masters().get(0).cli("DBSIZE"))).isLessThan(before);
      commitAll(store, leases, 2);
      cluster.masters().get(1).kill();
      List<CommitResult> results =
          store.commitAll(leases.stream().map(lease -> commit(lease, 3)).toList());
      assertThat(results).contains(CommitResult.STORED, CommitResult.UNAVAILABLE);
      cluster.masters().get(1).restart();
      commitAll(store, leases, 4);

      for (SessionId id : ids) {
        List<LogEntry> entries = log(id);
        String began = entries.get(0).began();
        assertThat(entries)
            .isEqualTo(
                LongStream.rangeClosed(1, 4)
                    .mapToObj(n -> new LogEntry.Message(began, n, "m" + n))
                    .toList());
      }
    }
  }

  @Test
  void statusIsThatOfAllMastersAndWithoutAPartOfThemHasNoSums() {
    try (RedisSessionStore store = newStore(TTL, UNUSED_TTL)) {
      List<SessionId> ids = Stream.generate(SessionId::random).limit(100).toList();
      commitAll(store, store.openAll(ids).stream().map(Optional::orElseThrow).toList(), 2);
      for (int partition = 0; partition < LOG.partitions(); partition++) {
        reader
            .redis()
            .xgroupCreate(MessageLog.stream(partition), "group", new StreamEntryID(), true);
      }

      MessageLogStatus all = store.messageLogStatus();
      cluster.masters().get(2).kill();
      MessageLogStatus some = store.messageLogStatus();
      cluster.masters().get(2).restart();

      assertThat(all.entries()).hasSize(LOG.partitions());
      assertThat(all.entries().values().stream().mapToLong(Long::longValue).sum()).isEqualTo(200);
      assertThat(all.lag()).isEqualTo(Map.of("group", 200L));
      assertThat(some.entries()).isNotEmpty().hasSizeLessThan(LOG.partitions());
      assertThat(all.entries()).containsAllEntriesOf(some.entries());
      assertThat(some.lag()).isEmpty();
      cluster.awaitAll();
    }
  }

  /** Commits up to a count until all are stored; repeats bring the same messages again. */
  private static void commitAll(SessionStore store, List<Lease> leases, long count) {
    List<Commit> commits = leases.stream().map(lease -> commit(lease, count)).toList();
    await()
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              store.checkHealth();
              assertThat(store.commitAll(commits)).containsOnly(CommitResult.STORED);
            });
  }

  private static Commit commit(Lease lease, long count) {
    long before = Math.max(0, count - 2);
    return new Commit(
        lease,
        count,
        false,
        LongStream.rangeClosed(before + 1, count)
            .mapToObj(n -> ("m" + n).getBytes(StandardCharsets.UTF_8))
            .toList());
  }
}
