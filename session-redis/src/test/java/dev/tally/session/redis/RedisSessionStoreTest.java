package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.SessionStoreContract;
import dev.tally.session.redis.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisSessionStoreTest extends SessionStoreContract {

  private static RedisServer redis;

  private final List<String> errors = new ArrayList<>();
  private final ChatMetrics metrics =
      new ChatMetrics() {
        @Override
        public void error(String kind) {
          errors.add(kind);
        }
      };

  @BeforeAll
  static void startRedis() {
    redis = RedisServer.start();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    redis.cli("FLUSHALL");
    return new RedisSessionStore(
        RedisUrl.parse(redis.url(), ttl, unusedTtl), Optional.empty(), metrics);
  }

  @Override
  protected void elapse(Duration duration) {
    Ageing.elapse(redis, duration);
  }

  @Override
  protected void forgetSessions() {
    redis.cli("FLUSHALL");
  }

  @Test
  void redisDropsTheSessionByItself() {
    try (SessionStore store = newStore(Duration.ofMillis(50), UNUSED_TTL)) {
      SessionId id = SessionId.random();
      store.open(id);

      await().until(() -> redis.cli("EXISTS", key(id)).equals("0"));

      assertThat(store.open(id).resumed()).isFalse();
    }
  }

  @Test
  void layoutIsTheDocumentedOne() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      Lease lease = store.open(id);
      store.commit(new Commit(lease, 3, false));

      assertThat(redis.cli("HMGET", key(id), "v", "epoch", "count").lines())
          .containsExactly("1", "" + lease.epoch(), "3");
      assertThat(redis.cli("HKEYS", key(id)).lines())
          .containsExactlyInAnyOrder("v", "epoch", "count", "created");

      store.commit(new Commit(lease, 3, true));

      assertThat(redis.cli("HKEYS", key(id)).lines()).contains("left");
      assertThat(Long.parseLong(redis.cli("PTTL", key(id))))
          .isBetween(TTL.toMillis() / 2, TTL.toMillis());
    }
  }

  @Test
  void keyOfSomeoneElseHarmsNoOtherSession() {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId taken = SessionId.random();
      SessionId free = SessionId.random();
      redis.cli("SET", key(taken), "something else");

      List<Optional<Lease>> leases = store.openAll(List.of(taken, free));

      assertThat(leases.get(0)).isEmpty();
      assertThat(leases.get(1)).isPresent();
      assertThatThrownBy(() -> store.open(taken))
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("holds a value that is not a session");
      assertThat(redis.cli("GET", key(taken))).isEqualTo("something else");
      assertThat(errors).containsOnly("store_entry").hasSize(2);
    }
  }

  @ParameterizedTest
  @MethodSource("damages")
  void entryThatIsNoSessionHarmsItsOwnSessionOnlyWhichCountsFromOne(List<String> damage) {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      List<SessionId> ids = Stream.generate(SessionId::random).limit(3).toList();
      ids.forEach(id -> store.commit(new Commit(store.open(id), 7, false)));
      damage(ids.get(1), damage);

      List<Lease> leases = store.openAll(ids).stream().map(Optional::orElseThrow).toList();

      assertThat(leases).extracting(Lease::count).containsExactly(7L, 0L, 7L);
      assertThat(leases).extracting(Lease::resumed).containsExactly(true, false, true);
      assertThat(errors).containsExactly("store_entry");
      assertThat(store.commitAll(leases.stream().map(l -> new Commit(l, 8, false)).toList()))
          .containsOnly(CommitResult.STORED);
      assertThat(store.open(ids.get(1)).count()).isEqualTo(8);
      assertThat(errors).hasSize(1);
    }
  }

  @ParameterizedTest
  @MethodSource("damages")
  void entryThatIsNoSessionIsWrittenAgainByItsConnectedOwner(List<String> damage) {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      List<Lease> leases = Stream.generate(SessionId::random).limit(3).map(store::open).toList();
      store.commitAll(leases.stream().map(lease -> new Commit(lease, 7, false)).toList());
      damage(leases.get(1).sessionId(), damage);

      assertThat(
              store.commitAll(leases.stream().map(lease -> new Commit(lease, 8, false)).toList()))
          .containsExactly(CommitResult.STORED, CommitResult.STORED, CommitResult.STORED);

      assertThat(errors).containsExactly("store_entry");
      assertThat(leases)
          .allSatisfy(
              lease -> {
                Lease next = store.open(lease.sessionId());
                assertThat(next.count()).isEqualTo(8);
                assertThat(next.resumed()).isTrue();
                assertThat(next.epoch()).isGreaterThan(lease.epoch());
              });
    }
  }

  static Stream<List<String>> damages() {
    return Stream.concat(
        Stream.of("count", "epoch")
            .flatMap(
                field ->
                    Stream.of("abc", "", "1e400", "-1", "1.5", "nan", "1000000000000000", "inf")
                        .map(value -> List.of("HSET", field, value))),
        Stream.of(List.of("HDEL", "count"), List.of("HDEL", "epoch")));
  }

  private static void damage(SessionId id, List<String> damage) {
    List<String> command = new ArrayList<>(damage);
    command.add(1, key(id));
    redis.cli(command.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "", "1e400", "-5", "1.5"})
  void timeOfLeavingThatIsNoneIsForgotten(String left) {
    try (SessionStore store = newStore(TTL, UNUSED_TTL)) {
      SessionId id = SessionId.random();
      store.commit(new Commit(store.open(id), 7, true));
      redis.cli("HSET", key(id), "left", left);

      Lease lease = store.open(id);

      assertThat(lease.count()).isEqualTo(7);
      assertThat(lease.awayFor()).isEmpty();
      assertThat(redis.cli("HEXISTS", key(id), "left")).isEqualTo("0");
    }
  }

  private static String key(SessionId id) {
    return "tally:session:{" + id.text() + "}";
  }
}
