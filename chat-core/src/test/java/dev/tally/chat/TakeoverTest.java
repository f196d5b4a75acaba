package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A client comes back while its older connection still waits for a store that blocks. */
class TakeoverTest {

  private final MutableClock clock = new MutableClock();
  private final SessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 1000, clock.monotonic());
  private final HeldStore store = new HeldStore(memory);
  private final ChatHub hub =
      new ChatHub(
          store,
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          clock,
          clock.monotonic(),
          MessageListener.NONE);
  private final ChatHub other =
      new ChatHub(
          memory,
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          clock,
          clock.monotonic(),
          MessageListener.NONE);
  private final CapturingTransport old = new CapturingTransport();
  private final CapturingTransport young = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @BeforeEach
  void start() {
    hub.start();
    other.start();
  }

  @AfterEach
  void close() {
    hub.close();
    other.close();
  }

  @Test
  void theNewestConnectionWinsWhateverTheStoreAnsweredMeanwhile() {
    store.holdOpens(true);
    hub.connect(old, id, Subprotocol.TALLY_V1);
    store.awaitFlying();
    ChatSession newest = hub.connect(young, id, Subprotocol.TALLY_V1);
    assertThat(old.closed()).contains(new Close(CloseCode.SUPERSEDED, "superseded"));
    store.holdOpens(false);
    store.loseAnswer();
    newest.onText("a");
    await().until(() -> young.counts().equals(List.of(1L)));
    assertThat(young.closed()).isEmpty();
    assertThat(old.frames()).isEmpty();
  }

  @Test
  void aConnectionThatWasTurnedAwayTakesTheSessionFromNobodyHere() {
    store.holdOpens(true);
    hub.connect(old, id, Subprotocol.TALLY_V1);
    store.awaitFlying();
    turnAwayTheOldOne();
    ChatSession newest = hub.connect(young, id, Subprotocol.TALLY_V1);
    store.holdOpens(false);
    store.loseAnswer();
    newest.onText("a");
    await().until(() -> young.counts().equals(List.of(1L)));
    assertThat(young.closed()).isEmpty();
  }

  @Test
  void aConnectionThatWasTurnedAwayTakesTheSessionFromNobodyElsewhere() {
    store.holdOpens(true);
    hub.connect(old, id, Subprotocol.TALLY_V1);
    store.awaitFlying();
    turnAwayTheOldOne();
    ChatSession newest = other.connect(young, id, Subprotocol.TALLY_V1);
    newest.onText("a");
    store.holdOpens(false);
    store.loseAnswer();
    CapturingTransport next = new CapturingTransport();
    hub.connect(next, SessionId.random(), Subprotocol.TALLY_V1);
    await().until(() -> next.frames().size() == 1);
    await().until(() -> hub.statistics().openQueueDepth() == 0);
    newest.onText("b");
    assertThat(young.counts()).containsExactly(1L, 2L);
    assertThat(young.closed()).isEmpty();
  }

  private void turnAwayTheOldOne() {
    clock.advance(ChatSettings.defaults().openTimeout().plusSeconds(1));
    hub.sweep();
    assertThat(old.closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
  }
}
