package dev.tally.chat;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.SessionStoreContract;
import java.time.Duration;

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
}
