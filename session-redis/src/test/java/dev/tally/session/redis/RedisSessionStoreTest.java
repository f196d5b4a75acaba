package dev.tally.session.redis;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.SessionStoreContract;
import dev.tally.session.redis.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisSessionStoreTest extends SessionStoreContract {

  private static final String AGE =
      """
      for _, key in ipairs(redis.call('KEYS', 'tally:session:*')) do
        local rest = redis.call('PTTL', key) - ARGV[1]
        if rest <= 0 then
          redis.call('DEL', key)
        else
          redis.call('PEXPIRE', key, rest)
          if redis.call('HEXISTS', key, 'left') == 1 then
            redis.call('HINCRBY', key, 'left', -ARGV[1])
          end
        end
      end
      return 'OK'
      """;

  private static RedisServer redis;

  @BeforeAll
  static void startRedis() {
    redis = RedisServer.start();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @Override
  protected SessionStore newStore(Duration ttl) {
    redis.cli("FLUSHALL");
    return new RedisSessionStore(RedisSessionConfig.parse(redis.url(), ttl));
  }

  /** Redis has no clock to move, so every session is made older instead. */
  @Override
  protected void elapse(Duration duration) {
    assertThat(redis.cli("EVAL", AGE, "0", "" + duration.toMillis())).isEqualTo("OK");
  }

  @Override
  protected void forgetSessions() {
    redis.cli("FLUSHALL");
  }

  @Test
  void redisDropsTheSessionByItself() {
    try (SessionStore store = newStore(Duration.ofMillis(50))) {
      SessionId id = SessionId.random();
      store.open(id);

      await().until(() -> redis.cli("EXISTS", key(id)).equals("0"));

      assertThat(store.open(id).resumed()).isFalse();
    }
  }

  @Test
  void layoutIsTheDocumentedOne() {
    try (SessionStore store = newStore(TTL)) {
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
    try (SessionStore store = newStore(TTL)) {
      SessionId taken = SessionId.random();
      SessionId free = SessionId.random();
      redis.cli("SET", key(taken), "something else");

      List<Optional<Lease>> leases = store.openAll(List.of(taken, free));

      assertThat(leases.get(0)).isEmpty();
      assertThat(leases.get(1)).isPresent();
      assertThatThrownBy(() -> store.open(taken))
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining("something else");
      assertThat(redis.cli("GET", key(taken))).isEqualTo("something else");
    }
  }

  private static String key(SessionId id) {
    return "tally:session:{" + id.text() + "}";
  }
}
