package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoreQueueTest {

  @Test
  void connectionsThatComeAndGoWhileTheStoreHangsAreNotKept() {
    MutableClock clock = new MutableClock();
    HeldStore store =
        new HeldStore(new InMemorySessionStore(Duration.ofHours(1), 100_000, clock.monotonic()));
    store.holdOpens(true);
    try (ChatHub hub = new ChatHub(store, ChatMetrics.NONE, ChatSettings.defaults(), clock)) {
      hub.start();
      hub.connect(new CapturingTransport(), SessionId.random(), Subprotocol.PLAIN);
      store.awaitFlying();
      List<ChatSession> patient = new ArrayList<>();
      for (int i = 0; i < 50_000; i++) {
        ChatSession session =
            hub.connect(new CapturingTransport(), SessionId.random(), Subprotocol.PLAIN);
        if (i % 500 == 0) {
          patient.add(session);
        } else {
          session.onClose(1006);
        }
      }
      assertThat(hub.statistics().openQueueDepth()).isLessThan(2_000);
      store.holdOpens(false);
      store.answer();
      await().until(() -> patient.stream().noneMatch(ChatSession::isOpening));
      await().until(() -> hub.statistics().openQueueDepth() == 0);
    }
  }
}
