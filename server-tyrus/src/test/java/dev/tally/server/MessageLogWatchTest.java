package dev.tally.server;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.MessageLogStatus;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MessageLogWatchTest {

  private static final MessageLogStatus FIVE =
      new MessageLogStatus(Map.of("0", 5L), Map.of(), Map.of(), Map.of());

  private final AtomicLong nanos = new AtomicLong();
  private volatile boolean away;
  private final MessageLogWatch watch = new MessageLogWatch(this::source, nanos::get);

  private MessageLogStatus source() {
    if (away) {
      throw new StoreUnavailableException("away");
    }
    return FIVE;
  }

  @Test
  void asksAtOnceOnAThreadOfItsOwn() {
    try (watch) {
      assertThat(watch.latest()).isEqualTo(MessageLogStatus.UNKNOWN);
      watch.start();
      await().until(() -> watch.latest().equals(FIVE));
    }
  }

  @Test
  void nothingIsKnownWhileTheStoreIsAway() {
    watch.ask();
    away = true;
    watch.ask();
    assertThat(watch.latest()).isEqualTo(MessageLogStatus.UNKNOWN);
    away = false;
    watch.ask();
    assertThat(watch.latest()).isEqualTo(FIVE);
  }

  @Test
  void anAnswerIsNotShownForLongIfTheNextOneHangs() {
    watch.ask();
    nanos.addAndGet(MessageLogWatch.MAX_AGE.toNanos());
    assertThat(watch.latest()).isEqualTo(FIVE);
    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
    assertThat(watch.latest()).isEqualTo(MessageLogStatus.UNKNOWN);
  }
}
