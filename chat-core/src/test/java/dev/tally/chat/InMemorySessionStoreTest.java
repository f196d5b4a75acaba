package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.SessionStoreContract;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InMemorySessionStoreTest extends SessionStoreContract {

  private final MutableClock clock = new MutableClock();

  @Override
  protected SessionStore newStore(Duration ttl) {
    return new InMemorySessionStore(ttl, 10_000, clock);
  }

  @Override
  protected void elapse(Duration duration) {
    clock.advance(duration);
  }

  @Test
  void aNewSessionTakesThePlaceOfExpiredOnesWithoutLookingAtAll() {
    int part = InMemorySessionStore.SWEPT_PER_NEW_SESSION;
    InMemorySessionStore store = new InMemorySessionStore(TTL, 10 * part, clock);
    IntStream.range(0, 10 * part).forEach(i -> store.open(SessionId.random()));
    assertThatThrownBy(() -> store.open(SessionId.random()))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessage("the in-memory store is full: it holds 160 sessions");

    clock.advance(TTL);
    store.open(SessionId.random());
    assertThat(store.size()).isBetween(9L * part, 10L * part);
    IntStream.range(0, 20).forEach(i -> store.open(SessionId.random()));
    assertThat(store.size()).isEqualTo(21);
  }

  @Test
  void aFullStoreServesTheSessionsThatItHas() {
    InMemorySessionStore store = new InMemorySessionStore(TTL, 1, clock);
    SessionId id = SessionId.random();
    store.open(id);
    Lease lease = store.open(id);
    assertThat(store.commit(new Commit(lease, 1, false)))
        .isEqualTo(SessionStore.CommitResult.STORED);
    assertThatThrownBy(() -> store.open(SessionId.random()))
        .isInstanceOf(StoreUnavailableException.class);
    assertThat(store.open(id).count()).isEqualTo(1);
  }
}
