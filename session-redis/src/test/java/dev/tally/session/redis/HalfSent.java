package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.session.redis.ScriptBatch.Bytes;
import dev.tally.session.redis.ScriptBatch.Call;
import dev.tally.session.redis.ScriptBatch.Failure;
import java.util.AbstractList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A batch that fails in the middle: a part of it is sent, and its replies are not read. */
final class HalfSent {

  private static final int SESSIONS = 300;

  private HalfSent() {}

  /** Sends one, and expects that the next batch on the same connection gets its own replies. */
  static void leavesNoAnswersToTheNext(String url) {
    RedisSettings settings =
        RedisUrl.parse(url + (url.contains("?") ? "&" : "?") + "pool_size=1", Sessions.TTL);
    try (RedisScripts scripts = new RedisScripts(settings);
        RedisSessionStore store =
            new RedisSessionStore(settings, Optional.empty(), ChatMetrics.NONE, scripts)) {
      Sessions sessions = Sessions.open(store, SESSIONS);
      assertThat(store.commitAll(numbered(sessions))).isEqualTo(sessions.all(CommitResult.STORED));

      ScriptBatch half =
          new ScriptBatch(Script.OPEN, List.of(bytes("60000"), bytes("60000")), calls());
      scripts.run(half);

      assertThat(half.answers()).hasSize(SESSIONS).doesNotContainNull();
      assertThat(half.answers()).hasAtLeastOneElementOfType(Failure.class);
      List<Lease> resumed = Sessions.resume(sessions).leases();
      for (int i = 0; i < SESSIONS; i++) {
        assertThat(resumed.get(i).count()).isEqualTo(i + 1);
      }
    }
  }

  private static List<Commit> numbered(Sessions sessions) {
    return IntStream.range(0, SESSIONS)
        .mapToObj(i -> new Commit(sessions.leases().get(i), i + 1, false))
        .toList();
  }

  /** Calls of which the last one throws when it is sent, after the others were sent. */
  private static List<Call> calls() {
    return new AbstractList<>() {
      private boolean looked;

      @Override
      public Call get(int index) {
        if (index == SESSIONS - 1) {
          if (looked) {
            throw new Error("something that no store expects");
          }
          looked = true;
        }
        return new Call(bytes("tally:health:" + index));
      }

      @Override
      public int size() {
        return SESSIONS;
      }
    };
  }

  private static Bytes bytes(String text) {
    return new Bytes(Ascii.of(text));
  }
}
