package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.SessionStoreContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InMemorySessionStoreTest extends SessionStoreContract {

  private final MutableClock clock = new MutableClock();

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    return new InMemorySessionStore(ttl, unusedTtl, 10_000, clock.monotonic());
  }

  @Override
  protected void elapse(Duration duration) {
    clock.advance(duration);
  }

  @Test
  void aNewSessionTakesThePlaceOfExpiredOnesWithoutLookingAtAll() {
    int part = InMemorySessionStore.SWEPT_PER_NEW_SESSION;
    InMemorySessionStore store = new InMemorySessionStore(TTL, 10 * part, clock.monotonic());
    IntStream.range(0, 10 * part).forEach(i -> store.open(SessionId.random()));
    assertThatThrownBy(() -> store.open(SessionId.random()))
        .isInstanceOf(StoreFullException.class)
        .hasMessage("the in-memory store is full: it holds 160 sessions");

    clock.advance(TTL);
    store.open(SessionId.random());
    assertThat(store.size()).isBetween(9L * part, 10L * part);
    IntStream.range(0, 20).forEach(i -> store.open(SessionId.random()));
    assertThat(store.size()).isEqualTo(21);
  }

  @Test
  void aFullStoreServesTheSessionsThatItHas() {
    InMemorySessionStore store = new InMemorySessionStore(TTL, 1, clock.monotonic());
    SessionId id = SessionId.random();
    store.open(id);
    Lease lease = store.open(id);
    assertThat(store.commit(new Commit(lease, 1, false)))
        .isEqualTo(SessionStore.CommitResult.STORED);
    assertThatThrownBy(() -> store.open(SessionId.random())).isInstanceOf(StoreFullException.class);
    assertThat(store.open(id).count()).isEqualTo(1);
  }

  @Test
  void aNewSessionTakesThePlaceOfOneThatWasLeftUnused() {
    InMemorySessionStore store = new InMemorySessionStore(TTL, UNUSED_TTL, 3, clock.monotonic());
    Lease connected = store.open(SessionId.random());
    Lease used = store.open(SessionId.random());
    store.commit(new Commit(used, 1, true));
    Lease unused = store.open(SessionId.random());
    store.commit(new Commit(unused, 0, true));

    SessionId fresh = SessionId.random();
    store.open(fresh);

    assertThat(store.size()).isEqualTo(3);
    assertThat(store.open(connected.sessionId()).resumed()).isTrue();
    assertThat(store.open(used.sessionId()).count()).isEqualTo(1);
    assertThat(store.open(fresh).resumed()).isTrue();
  }

  @Test
  void aStoreThatTurnedSomebodyAwayIsFullUntilATwentiethOfItsPlacesIsFree() {
    InMemorySessionStore store = new InMemorySessionStore(TTL, UNUSED_TTL, 40, clock.monotonic());
    List<Lease> leases = new ArrayList<>();
    IntStream.range(0, 40).forEach(i -> leases.add(store.open(SessionId.random())));
    store.checkHealth();
    assertThatThrownBy(() -> store.open(SessionId.random())).isInstanceOf(StoreFullException.class);

    assertThatThrownBy(store::checkHealth)
        .isInstanceOf(StoreFullException.class)
        .hasMessage("the in-memory store is full: it holds 40 sessions");
    store.commit(new Commit(leases.get(0), 0, true));
    assertThatThrownBy(store::checkHealth).isInstanceOf(StoreFullException.class);
    store.commit(new Commit(leases.get(1), 0, true));
    store.checkHealth();

    store.open(SessionId.random());
    store.checkHealth();
  }
}
