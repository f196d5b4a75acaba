package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.LogEntry;
import dev.tally.chat.testing.MessageLogContract;
import dev.tally.chat.testing.MessageLogStore;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.List;

/** The log that other tests rely on keeps the rules of every log. */
class MessageLogStoreTest extends MessageLogContract {

  private final MutableClock clock = new MutableClock();
  private final InMemorySessionStore counts =
      new InMemorySessionStore(TTL, UNUSED_TTL, 10_000, clock.monotonic());
  private final MessageLogStore store =
      new MessageLogStore(counts) {
        @Override
        public void close() {
          counts.close();
        }
      };

  @Override
  protected SessionStore newStore(Duration ttl, Duration unusedTtl) {
    return store;
  }

  @Override
  protected void elapse(Duration duration) {
    clock.advance(duration);
  }

  @Override
  protected void forgetSessions() {
    super.forgetSessions();
    store.forget();
  }

  @Override
  protected List<LogEntry> log(SessionId id) {
    return store.log(id);
  }
}
