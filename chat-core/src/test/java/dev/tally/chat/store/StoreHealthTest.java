package dev.tally.chat.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StoreHealthTest {

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final MutableClock clock = new MutableClock();
  private final Checked store = new Checked();
  private final StoreHealth health = new StoreHealth(store, GRACE, clock.monotonic());

  private static final class Checked implements SessionStore {
    Runnable check = () -> {};

    void setDown(boolean down) {
      check =
          () -> {
            if (down) {
              throw new StoreUnavailableException("taken down by the test");
            }
          };
    }

    @Override
    public void checkHealth() {
      check.run();
    }

    @Override
    public Lease open(SessionId id) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CommitResult commit(Commit commit) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void aStoreIsDownForLongOnceTheGraceIsOver() {
    health.check();
    clock.advance(Duration.ofHours(1));
    assertThat(health.isDownForLong()).isFalse();
    store.setDown(true);
    health.check();
    assertThat(health.isUp()).isFalse();
    assertThat(health.isDownForLong()).isFalse();
    clock.advance(GRACE.minusMillis(1));
    health.check();
    assertThat(health.isDownForLong()).isFalse();
    clock.advance(Duration.ofMillis(1));
    assertThat(health.isDownForLong()).isTrue();
    store.setDown(false);
    health.check();
    assertThat(health.isUp()).isTrue();
    assertThat(health.isDownForLong()).isFalse();
  }

  @Test
  void aCheckThatDoesNotReturnIsOneThatFails() {
    health.check();
    store.check =
        () -> {
          clock.advance(GRACE.minusMillis(1));
          assertThat(health.isUp()).isTrue();
          clock.advance(Duration.ofMillis(1));
          assertThat(health.isUp()).isFalse();
          assertThat(health.isDownForLong()).isTrue();
          store.check = () -> {};
        };
    health.check();
    assertThat(health.isUp()).isTrue();
    assertThat(health.isDownForLong()).isFalse();
  }
}
