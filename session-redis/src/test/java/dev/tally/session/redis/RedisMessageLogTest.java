package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.LogEntry;
import dev.tally.chat.testing.MessageLogContract;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

class RedisMessageLogTest extends MessageLogContract {

  private static final MessageLog LOG = new MessageLog(4, 0);
  private static RedisServer redis;
  private static LoggedEntries reader;

  private final List<String> metrics = new ArrayList<>();

  @BeforeAll
  static void startRedis() {
    redis = RedisServer.start();
    reader = new LoggedEntries(RedisClient.create(redis.url()), LOG.partitions());
  }

  @AfterAll
  static void stopRedis() {
    reader.redis().close();
    redis.close();
  }

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    redis.cli("FLUSHALL");
    return newStore(ttl, unusedTtl, Optional.of(LOG));
  }

  private RedisSessionStore newStore(Optional<MessageLog> log) {
    return newStore(TTL, UNUSED_TTL, log);
  }

  private RedisSessionStore newStore(Duration ttl, Duration unusedTtl, Optional<MessageLog> log) {
    return new RedisSessionStore(RedisUrl.parse(redis.url(), ttl, unusedTtl), log, new Recorder());
  }

  private final class Recorder implements ChatMetrics {
    @Override
    public void logged(int messages, long bytes) {
      metrics.add(messages + " messages, " + bytes + " bytes");
    }

    @Override
    public void missingFromLog(long messages) {
      metrics.add(messages + " missing");
    }

    @Override
    public void error(String kind) {
      metrics.add("error " + kind);
    }
  }

  @Override
  protected void elapse(Duration duration) {
    Ageing.elapse(redis, duration);
  }

  @Override
  protected void forgetSessions() {
    redis.cli("FLUSHALL");
  }

  @Override
  protected List<LogEntry> log(SessionId id) {
    return reader.log(id);
  }

  @Test
  void layoutIsTheDocumentedOne() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      Lease lease = store.open(id);
      store.commit(commit(lease, 0, "one"));
      store.commit(
          new Commit(
              lease, 4, false, List.of(utf8("f\u00fcnf")), Optional.of(new Subject("Zo\u00eb"))));

      CRC32 crc = new CRC32();
      crc.update(utf8(id.text()));
      List<Map<String, String>> entries = reader.fields((int) (crc.getValue() % 4));

      String began = redis.cli("HGET", key(id), "created");
      assertThat(entries).hasSize(3);
      assertThat(entries.get(0))
          .containsEntry("session", id.text())
          .containsEntry("began", began)
          .containsEntry("n", "1")
          .containsEntry("text", "one")
          .containsOnlyKeys("session", "began", "n", "text", "at");
      assertThat(entries.get(1))
          .containsEntry("gap", "2-3")
          .containsOnlyKeys("session", "began", "gap", "at");
      assertThat(entries.get(2))
          .containsEntry("n", "4")
          .containsEntry("text", "f\u00fcnf")
          .containsEntry("subject", "Zo\u00eb")
          .containsOnlyKeys("session", "began", "n", "text", "at", "subject");
      assertThat(entries)
          .allSatisfy(
              entry ->
                  assertThat(Long.parseLong(entry.getOrDefault("at", "")))
                      .isGreaterThanOrEqualTo(Long.parseLong(began)));
      assertThat(redis.cli("HKEYS", key(id)).lines())
          .containsExactlyInAnyOrder("v", "epoch", "count", "created", "logged");
      assertThat(redis.cli("GET", "tally:messages:partitions")).isEqualTo("4");
    }
  }

  @Test
  void whatIsAddedAndWhatIsMissingIsCounted() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      Lease one = store.open(SessionId.random());
      Lease other = store.open(SessionId.random());

      store.commitAll(List.of(commit(one, 0, "\u00fc", "b"), commit(other, 0, "ccc")));
      store.commitAll(List.of(commit(one, 1, "b"), commit(other, 4, "d")));

      assertThat(metrics)
          .containsExactly("3 messages, 6 bytes", "1 messages, 1 bytes", "3 missing");
    }
  }

  @Test
  void logIsSwitchedOffAndOnWhileSessionsGoOn() {
    try (SessionStore on = newStore(TTL, UNUSED_TTL);
        SessionStore off = newStore(Optional.empty())) {
      SessionId id = SessionId.random();
      off.commit(new Commit(off.open(id), 2, true));
      on.commit(commit(on.open(id), 2, "three"));
      on.commit(commit(on.open(id), 3, "four"));
      off.commit(new Commit(off.open(id), 7, true));
      assertThat(log(id)).hasSize(3);
      on.commit(commit(on.open(id), 7, "eight"));

      String began = log(id).get(0).began();
      assertThat(log(id))
          .containsExactly(
              new LogEntry.Gap(began, 1, 2),
              new LogEntry.Message(began, 3, "three"),
              new LogEntry.Message(began, 4, "four"),
              new LogEntry.Gap(began, 5, 7),
              new LogEntry.Message(began, 8, "eight"));
    }
  }

  @Test
  void countsThatWentBackAreAGap() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      Lease lease = store.open(id);
      store.commit(commit(lease, 0, "one", "two", "three"));
      // As after a failover to a replica that lags: it has the entries up to its count.
      redis.cli("HSET", key(id), "count", "1", "logged", "1");

      store.commit(commit(lease, 3, "four"));

      assertThat(log(id).subList(3, 5))
          .containsExactly(
              new LogEntry.Gap(log(id).get(0).began(), 2, 3),
              new LogEntry.Message(log(id).get(0).began(), 4, "four"));
    }
  }

  @Test
  void leaseThatRedisLostDoesNotMixItsMessagesWithThoseOfTheOwnerBefore() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      Lease old = store.open(id);
      store.commit(commit(old, 0, "one"));
      Lease owner = store.open(id);
      // A failover loses the newer lease, and the older owner stores a message before it hears.
      redis.cli("HSET", key(id), "epoch", "" + old.epoch());
      store.commit(commit(old, 1, "two of the old owner", "three of the old owner"));
      String before = redis.cli("HGET", key(id), "created");

      assertThat(store.commit(commit(owner, 1, "two"))).isEqualTo(CommitResult.STORED);
      store.commit(commit(owner, 2, "three"));

      List<LogEntry> newer = log(id).subList(3, log(id).size());
      String began = newer.get(0).began();
      assertThat(began).isNotEqualTo(before);
      assertThat(newer)
          .containsExactly(
              new LogEntry.Gap(began, 1, 1),
              new LogEntry.Message(began, 2, "two"),
              new LogEntry.Message(began, 3, "three"));
    }
  }

  @Test
  void partitionKeepsAboutItsLength() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL, Optional.of(new MessageLog(4, 1000)))) {
      redis.cli("FLUSHALL");
      Lease lease = store.open(SessionId.random());
      for (int i = 0; i < 50; i++) {
        store.commit(
            commit(
                lease,
                100L * i,
                IntStream.range(0, 100).mapToObj(n -> "m" + n).toArray(String[]::new)));
      }

      String stream = MessageLog.stream(LOG.partitionOf(lease.sessionId()));
      assertThat(Integer.parseInt(redis.cli("XLEN", stream))).isBetween(1000, 1500);
    }
  }

  @Test
  void redisWithoutMemoryAcknowledgesNothingAndLosesNothing() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      Lease lease = store.open(SessionId.random());
      store.commit(commit(lease, 0, "one"));
      redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
      redis.cli("CONFIG", "SET", "maxmemory", "1");
      try {
        List<Commit> batch = List.of(commit(lease, 1, "two"));
        assertThat(store.commitAll(batch)).containsExactly(CommitResult.UNAVAILABLE);
        assertThatThrownBy(store::checkHealth).isInstanceOf(StoreFullException.class);
        assertThat(log(lease.sessionId())).hasSize(1);
      } finally {
        redis.cli("CONFIG", "SET", "maxmemory", "0");
      }

      store.commit(commit(lease, 1, "two", "three"));

      assertThat(log(lease.sessionId())).hasSize(3);
      assertThat(store.open(lease.sessionId()).count()).isEqualTo(3);
    }
  }

  @Test
  void keyThatIsNoStreamStopsTheSessionsOfItsPartitionOnly() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      List<Lease> leases = Stream.generate(SessionId::random).limit(40).map(store::open).toList();
      redis.cli("SET", MessageLog.stream(2), "something else");

      List<CommitResult> results =
          store.commitAll(leases.stream().map(lease -> commit(lease, 0, "one")).toList());

      for (int i = 0; i < leases.size(); i++) {
        boolean stopped = LOG.partitionOf(leases.get(i).sessionId()) == 2;
        assertThat(results.get(i))
            .isEqualTo(stopped ? CommitResult.UNAVAILABLE : CommitResult.STORED);
        assertThat(redis.cli("HGET", key(leases.get(i).sessionId()), "count"))
            .isEqualTo(stopped ? "0" : "1");
      }
      assertThat(metrics).contains("error message_log");
    }
  }

  @Test
  void statusSaysHowFullPartitionsAreAndHowFarGroupsHaveRead() {
    try (SessionStore keeper = newStore(TTL, UNUSED_TTL);
        RedisSessionStore store = newStore(TTL, UNUSED_TTL, Optional.of(new MessageLog(4, 10)))) {
      assertThat(store.messageLogStatus().entries())
          .isEqualTo(Map.of("0", 0L, "1", 0L, "2", 0L, "3", 0L));
      SessionId first = idIn(0);
      SessionId other = idIn(3);
      keeper.commit(commit(keeper.open(first), 0, "one", "two", "three"));
      keeper.commit(commit(keeper.open(other), 0, "one"));
      for (String stream : List.of(MessageLog.stream(0), MessageLog.stream(3))) {
        redis.cli("XGROUP", "CREATE", stream, "b\u00fccher", "0");
      }
      redis.cli("XGROUP", "CREATE", MessageLog.stream(0), "new", "$");
      redis.cli(
          "XREADGROUP",
          "GROUP",
          "b\u00fccher",
          "c",
          "COUNT",
          "1",
          "STREAMS",
          MessageLog.stream(0),
          ">");

      MessageLogStatus status = store.messageLogStatus();

      assertThat(status.entries()).isEqualTo(Map.of("0", 3L, "1", 0L, "2", 0L, "3", 1L));
      assertThat(status.lag()).isEqualTo(Map.of("b\u00fccher", 3L, "new", 0L));
      assertThat(status.lagRatio()).isEqualTo(Map.of("b\u00fccher", 0.2, "new", 0.0));
      assertThat(status.unacknowledged()).isEqualTo(Map.of("b\u00fccher", 1L, "new", 0L));
    }
  }

  @Test
  void lagThatRedisDoesNotKnowIsLeftOut() {
    try (RedisSessionStore store = newStore(Optional.of(LOG))) {
      redis.cli("FLUSHALL");
      String stream = MessageLog.stream(0);
      redis.cli("XADD", stream, "1-1", "n", "1");
      redis.cli("XADD", stream, "2-1", "n", "2");
      redis.cli("XADD", stream, "3-1", "n", "3");
      // From the middle: Redis does not count how many entries follow.
      redis.cli("XGROUP", "CREATE", stream, "middle", "2-1");

      MessageLogStatus status = store.messageLogStatus();

      assertThat(status.lag()).isEmpty();
      assertThat(status.lagRatio()).isEmpty();
      assertThat(status.unacknowledged()).isEqualTo(Map.of("middle", 0L));
    }
  }

  @Test
  void groupsInTheStatusAreBounded() {
    try (RedisSessionStore store = newStore(Optional.of(LOG))) {
      redis.cli("FLUSHALL");
      IntStream.rangeClosed(1, MessageLogStatus.MAX_GROUPS + 5)
          .forEach(
              i ->
                  redis.cli(
                      "XGROUP",
                      "CREATE",
                      MessageLog.stream(1),
                      100 + i + "x".repeat(500),
                      "$",
                      "MKSTREAM"));

      assertThat(store.messageLogStatus().unacknowledged())
          .hasSize(MessageLogStatus.MAX_GROUPS)
          .containsKey("101" + "x".repeat(MessageLogStatus.MAX_NAME - 3));
    }
  }

  @Test
  void partitionThatIsNoStreamIsLeftOutOfTheStatusAndSumsOverAllToo() {
    try (RedisSessionStore store = newStore(Optional.of(LOG))) {
      redis.cli("FLUSHALL");
      redis.cli("XGROUP", "CREATE", MessageLog.stream(1), "group", "$", "MKSTREAM");
      redis.cli("SET", MessageLog.stream(2), "something else");

      MessageLogStatus status = store.messageLogStatus();

      assertThat(status.entries()).containsOnlyKeys("0", "1", "3");
      assertThat(status.unacknowledged()).isEmpty();
      redis.cli("DEL", MessageLog.stream(2));
    }
  }

  private static SessionId idIn(int partition) {
    return Stream.generate(SessionId::random)
        .filter(id -> LOG.partitionOf(id) == partition)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void otherNumberOfPartitionsIsRefused() {
    redis.cli("FLUSHALL");
    try (RedisSessionStore four = newStore(Optional.of(LOG));
        RedisSessionStore eight = newStore(Optional.of(new MessageLog(8, 0)))) {
      assertThat(four.misfitOfMessageLog()).isEmpty();
      four.checkHealth();
      Lease lease = four.open(SessionId.random());

      assertThat(eight.misfitOfMessageLog())
          .hasValueSatisfying(
              sentence ->
                  assertThat(sentence).startsWith("the message log in Redis has 4 partitions"));
      assertThatThrownBy(eight::checkHealth)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessage(
              "the message log in Redis has 4 partitions, and this server is set to 8: all servers"
                  + " on one Redis must have the same number");
      assertThatThrownBy(() -> eight.open(SessionId.random()))
          .isInstanceOf(StoreUnavailableException.class);
      assertThat(eight.commitAll(List.of(commit(lease, 0, "one"))))
          .containsExactly(CommitResult.UNAVAILABLE);

      redis.cli("SET", "tally:messages:partitions", "8");
      assertThatThrownBy(four::checkHealth).isInstanceOf(StoreUnavailableException.class);
      assertThat(four.commitAll(List.of(commit(lease, 0, "one"))))
          .containsExactly(CommitResult.UNAVAILABLE);
      assertThat(log(lease.sessionId())).isEmpty();
    }
  }

  private static Commit commit(Lease lease, long before, String... texts) {
    return new Commit(
        lease,
        before + texts.length,
        false,
        Stream.of(texts).map(RedisMessageLogTest::utf8).toList());
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String key(SessionId id) {
    return "tally:session:{" + id.text() + "}";
  }
}
