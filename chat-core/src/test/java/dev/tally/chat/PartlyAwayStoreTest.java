package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One part of a store is away, as a master of a Cluster can be: that is its own sessions' lot. */
class PartlyAwayStoreTest {

  private static final int BATCH = 2;

  private final MutableClock clock = new MutableClock();
  private final PartlyAwayStore store = new PartlyAwayStore();
  private final ChatHub hub =
      new ChatHub(
          store,
          ChatMetrics.NONE,
          ChatConfig.builder().maxBatch(BATCH).retryBackoff(Duration.ofHours(1)).build(),
          clock);
  private final CapturingTransport transport = new CapturingTransport();

  @AfterEach
  void close() {
    hub.close();
  }

  private final class PartlyAwayStore implements SessionStore {
    private final SessionStore memory = new InMemorySessionStore(Duration.ofHours(1), 1000, clock);
    private final Set<SessionId> away = ConcurrentHashMap.newKeySet();
    private final Set<SessionId> refused = ConcurrentHashMap.newKeySet();
    private final AtomicInteger refusals = new AtomicInteger();

    @Override
    public Lease open(SessionId id) {
      refuseIfAway(id);
      return memory.open(id);
    }

    @Override
    public CommitResult commit(Commit commit) {
      refuseIfAway(commit.lease().sessionId());
      return memory.commit(commit);
    }

    private void refuseIfAway(SessionId id) {
      if (away.contains(id)) {
        refused.add(id);
        refusals.incrementAndGet();
        throw new StoreUnavailableException("a part of the store is away");
      }
    }
  }

  private ChatSession connect(CapturingTransport client, boolean away) {
    SessionId id = SessionId.random();
    if (away) {
      store.away.add(id);
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
    assertThat(hub.openQueueDepth()).isEqualTo(3 * BATCH);
    store.away.clear();
    for (int i = 0; hub.openQueueDepth() > 0; i++) {
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
      store.away.add(id);
      session.onText("a");
      hub.takeBatches();
    }
    connect(transport, false).onText("a");
    hub.takeBatches();
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(last.counts()).isEmpty();
    store.away.clear();
    for (int i = 0; hub.commitQueueDepth() > 0; i++) {
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
      await().until(() -> store.refused.contains(id));
    }
    connect(transport, false).onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
  }

  @Test
  void itIsNoReasonToCallTheStoreDown() {
    hub.start();
    await().until(() -> hub.readiness().ready());
    connect(transport, true);
    await().until(() -> store.refusals.get() > 2);
    assertThat(hub.statistics().storeUp()).isTrue();
    assertThat(hub.readiness().ready()).isTrue();
  }
}
