package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.testing.LogEntry;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;

/** This release and the one before it, whose scripts are kept here, on one Redis. */
class RedisRollingUpdateTest {

  private static final String TTL = Long.toString(Sessions.TTL.toMillis());

  private final SessionId id = SessionId.random();
  private final String key = "tally:session:{" + id.text() + "}";
  private RedisServer redis;
  private SessionStore store;

  @BeforeEach
  void start() {
    redis = RedisServer.start();
    store = Sessions.store(redis.url());
  }

  @AfterEach
  void stop() {
    store.close();
    redis.close();
  }

  @Test
  void aSessionGoesToAndFroBetweenTheReleases() {
    long old = openBefore().get(0);
    assertThat(commitBefore(old, 3, true)).isEqualTo(1);

    Lease lease = store.open(id);
    assertThat(lease.count()).isEqualTo(3);
    assertThat(lease.resumed()).isTrue();
    assertThat(lease.awayFor()).isPresent();
    assertThat(lease.epoch()).isGreaterThan(old);
    assertThat(commitBefore(old, 9, false)).isZero();
    assertThat(store.commit(new Commit(lease, 4, false))).isEqualTo(CommitResult.STORED);

    List<Long> again = openBefore();
    assertThat(again.get(0)).isGreaterThan(lease.epoch());
    assertThat(again.subList(1, 3)).containsExactly(4L, 1L);
    assertThat(store.commit(new Commit(lease, 5, true))).isEqualTo(CommitResult.SUPERSEDED);
    assertThat(commitBefore(again.get(0), 5, false)).isEqualTo(1);
    assertThat(store.open(id).count()).isEqualTo(5);
  }

  @Test
  void anUnusedSessionOfEitherReleaseIsTakenOverByTheOther() {
    Lease lease = store.open(id);
    assertThat(openBefore().subList(1, 3)).containsExactly(0L, 1L);
    assertThat(Long.parseLong(redis.cli("PTTL", key))).isGreaterThan(60_000);
    assertThat(store.commit(new Commit(lease, 0, true))).isEqualTo(CommitResult.SUPERSEDED);

    assertThat(store.open(id).resumed()).isTrue();
    assertThat(Long.parseLong(redis.cli("PTTL", key))).isBetween(1L, 60_000L);
  }

  @Test
  void whatTheReleaseBeforeCountedIsAGapInTheMessageLog() {
    MessageLog log = new MessageLog(1, 0);
    try (SessionStore on =
            new RedisSessionStore(
                RedisUrl.parse(redis.url(), Sessions.TTL, Sessions.TTL),
                Optional.of(log),
                ChatMetrics.NONE);
        UnifiedJedis client = RedisClient.create(redis.url())) {
      commitBefore(openBefore().get(0), 3, true);
      Lease first = on.open(id);
      on.commit(new Commit(first, 4, true, List.of(utf8("four"))));
      assertThat(commitBefore(openBefore().get(0), 6, true)).isEqualTo(1);
      Lease second = on.open(id);
      assertThat(second.count()).isEqualTo(6);
      on.commit(new Commit(second, 7, true, List.of(utf8("seven"))));

      String began = redis.cli("HGET", key, "created");
      assertThat(new LoggedEntries(client, 1).log(id))
          .containsExactly(
              new LogEntry.Gap(began, 1, 3),
              new LogEntry.Message(began, 4, "four"),
              new LogEntry.Gap(began, 5, 6),
              new LogEntry.Message(began, 7, "seven"));
      assertThat(openBefore().subList(1, 3)).containsExactly(7L, 1L);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Epoch, count, whether it was there, gap. */
  private List<Long> openBefore() {
    return redis.cli("EVAL", script("open"), "1", key, TTL).lines().map(Long::valueOf).toList();
  }

  private long commitBefore(long epoch, long count, boolean last) {
    return Long.parseLong(
        redis.cli(
            "EVAL", script("commit"), "1", key, TTL, "" + epoch, "" + count, last ? "1" : "0"));
  }

  private static String script(String name) {
    try (InputStream text =
        RedisRollingUpdateTest.class.getResourceAsStream("before/" + name + ".lua")) {
      return new String(Objects.requireNonNull(text, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
