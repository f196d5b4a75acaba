package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One part of a store is away, as a master of a Cluster can be: that is its own sessions' lot. */
class PartlyAwayStoreTest {

  private static final int BATCH = 2;

  private final MutableClock clock = new MutableClock();
  private final FaultyStore store =
      new FaultyStore(new InMemorySessionStore(Duration.ofHours(1), 1000, clock.monotonic()));
  private final ChatHub hub =
      new ChatHub(
          store,
          ChatMetrics.NONE,
          ChatSettings.builder().maxBatch(BATCH).retryBackoff(Duration.ofHours(1)).build(),
          clock);
  private final CapturingTransport transport = new CapturingTransport();

  @AfterEach
  void close() {
    hub.close();
  }

  private ChatSession connect(CapturingTransport client, boolean away) {
    SessionId id = SessionId.random();
    if (away) {
      store.takeAway(id);
    }
    return hub.connect(client, id, Subprotocol.PLAIN);
  }

  @Test
  void nobodyWaitsBehindThoseWhoseOpenFailed() {
    for (int i = 0; i < 3 * BATCH; i++) {
      connect(new CapturingTransport(), true);
      hub.takeBatches();
    }
    ChatSession other = connect(transport, false);
    other.onText("a");
    hub.takeBatches();
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(hub.statistics().openQueueDepth()).isEqualTo(3 * BATCH);
    store.bringBack();
    for (int i = 0; hub.statistics().openQueueDepth() > 0; i++) {
      assertThat(i).isLessThan(3 * BATCH);
      hub.takeBatches();
    }
  }

  @Test
  void nobodyWaitsBehindThoseWhoseCommitFailed() {
    CapturingTransport last = new CapturingTransport();
    for (int i = 0; i < 3 * BATCH; i++) {
      SessionId id = SessionId.random();
      ChatSession session = hub.connect(last, id, Subprotocol.PLAIN);
      hub.takeBatches();
      store.takeAway(id);
      session.onText("a");
      hub.takeBatches();
    }
    connect(transport, false).onText("a");
    hub.takeBatches();
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(last.counts()).isEmpty();
    store.bringBack();
    for (int i = 0; hub.statistics().commitQueueDepth() > 0; i++) {
      assertThat(i).isLessThan(3 * BATCH);
      hub.takeBatches();
    }
    assertThat(last.counts()).isEqualTo(List.of(1L, 1L, 1L, 1L, 1L, 1L));
  }

  @Test
  void nobodyWaitsForThePausesOfOthers() {
    hub.start();
    // Pauses that double each time would be beyond any patience by the last of them.
    for (int i = 0; i < 14; i++) {
      SessionId id = connect(new CapturingTransport(), true).id();
      await().until(() -> store.hasRefused(id));
    }
    connect(transport, false).onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
  }

  @Test
  void itIsNoReasonToCallTheStoreDown() {
    hub.start();
    await().until(() -> hub.readiness().ready());
    connect(transport, true);
    await().until(() -> store.refusals() > 2);
    assertThat(hub.statistics().storeUp()).isTrue();
    assertThat(hub.readiness().ready()).isTrue();
  }
}
