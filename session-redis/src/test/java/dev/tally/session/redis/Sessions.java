package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Sessions of one store that are opened and committed together, for tests. */
record Sessions(SessionStore store, List<Lease> leases) {

  static final Duration TTL = Duration.ofMinutes(10);

  static SessionStore store(String url) {
    return new RedisSessionStore(RedisUrl.parse(url, TTL));
  }

  static Sessions open(SessionStore store, int number) {
    List<SessionId> ids = Stream.generate(SessionId::random).limit(number).toList();
    return new Sessions(store, store.openAll(ids).stream().map(Optional::orElseThrow).toList());
  }

  /** Opens all again. */
  static Sessions resume(Sessions sessions) {
    List<SessionId> ids = sessions.leases().stream().map(Lease::sessionId).toList();
    return new Sessions(
        sessions.store(),
        sessions.store().openAll(ids).stream().map(Optional::orElseThrow).toList());
  }

  List<CommitResult> commit(long count) {
    return store.commitAll(leases.stream().map(lease -> new Commit(lease, count, false)).toList());
  }

  /** Commits, and expects every count to be stored. */
  void commitAndExpectStored(long count) {
    assertThat(commit(count)).isEqualTo(all(CommitResult.STORED));
  }

  List<CommitResult> all(CommitResult result) {
    return Collections.nCopies(leases.size(), result);
  }

  /** Opens all again, and expects each to have the count and a higher epoch. */
  void resumeAndExpect(long count) {
    List<Optional<Lease>> resumed = store.openAll(leases.stream().map(Lease::sessionId).toList());
    assertThat(resumed).hasSameSizeAs(leases);
    for (int i = 0; i < leases.size(); i++) {
      Lease lease = resumed.get(i).orElseThrow();
      assertThat(lease.count()).isEqualTo(count);
      assertThat(lease.resumed()).isTrue();
      assertThat(lease.epoch()).isGreaterThan(leases.get(i).epoch());
    }
  }
}
