package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.ForwardingStore;
import dev.tally.chat.testing.MutableClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MessageListenerTest {

  private record Counted(SessionId session, long number, String text) {}

  private final List<Counted> counted = Collections.synchronizedList(new ArrayList<>());
  private final List<String> errors = Collections.synchronizedList(new ArrayList<>());
  private final LongAdder unacknowledged = new LongAdder();
  private final MutableClock clock = new MutableClock();
  private final SessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 1000, clock.monotonic());
  private final FaultyStore slow = new FaultyStore(memory);
  private final List<ChatHub> hubs = new ArrayList<>();
  private final CapturingTransport transport = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @AfterEach
  void close() {
    hubs.forEach(ChatHub::close);
  }

  private ChatHub hub(SessionStore store, MessageListener listener) {
    ChatMetrics metrics =
        new ChatMetrics() {
          @Override
          public void error(String kind) {
            errors.add(kind);
          }

          @Override
          public void unacknowledged(long messages) {
            unacknowledged.add(messages);
          }
        };
    ChatHub hub = new ChatHub(store, metrics, ChatSettings.defaults(), clock, listener);
    hub.start();
    hubs.add(hub);
    return hub;
  }

  private void keep(SessionId session, long number, String text) {
    counted.add(new Counted(session, number, text));
  }

  @Test
  void seesEachCountedMessageWithItsSessionAndNumber() {
    ChatHub hub = hub(memory, this::keep);
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    session.onText("<ö>".getBytes(StandardCharsets.UTF_8), 1, 3);
    session.onClose(1000);
    hub.connect(new CapturingTransport(), id, Subprotocol.PLAIN).onText("c");
    assertThat(counted)
        .containsExactly(new Counted(id, 1, "a"), new Counted(id, 2, "ö"), new Counted(id, 3, "c"));
  }

  @Test
  void seesNothingBeforeItIsStored() {
    ChatHub hub = hub(slow, this::keep);
    ChatSession session = hub.connect(transport, id, Subprotocol.TALLY_V1);
    await().until(() -> transport.frames().size() == 1);
    slow.setDown(true);
    session.onText("a");
    session.onText("b");
    await().until(() -> slow.refusals() > 0);
    assertThat(counted).isEmpty();
    slow.setDown(false);
    await().until(() -> counted.size() == 2);
    assertThat(counted).extracting(Counted::text).containsExactly("a", "b");
  }

  @Test
  void messagesThatAreGivenUpAreNeverSeen() {
    ChatHub hub = hub(slow, this::keep);
    ChatSession session = hub.connect(transport, id, Subprotocol.TALLY_V1);
    await().until(() -> transport.frames().size() == 1);
    slow.setDown(true);
    session.onText("lost with its connection");
    session.onClose(1006);
    await().until(() -> hub.statistics().pendingMessages() == 0);
    slow.setDown(false);
    CapturingTransport second = new CapturingTransport();
    hub.connect(second, id, Subprotocol.PLAIN).onText("sent again");
    await().until(() -> second.counts().equals(List.of(1L)));
    assertThat(counted).containsExactly(new Counted(id, 1, "sent again"));
  }

  @Test
  void seesWhatWasStoredBeforeANewerConnectionTookOver() {
    HeldStore store = new HeldStore(memory);
    ChatHub hub = hub(store, this::keep);
    ChatSession old = hub.connect(transport, id, Subprotocol.TALLY_V1);
    await().until(() -> transport.frames().size() == 1);
    store.holdCommits(true);
    old.onText("stored");
    store.awaitFlying();
    old.onText("too late");
    CapturingTransport second = new CapturingTransport();
    ChatSession young = hub.connect(second, id, Subprotocol.TALLY_V1);
    await().until(() -> transport.closed().isPresent());
    assertThat(second.frames().get(0)).contains("\"count\": 1");
    young.onText("sent again");
    store.holdCommits(false);
    store.answer();
    await().until(() -> second.counts().equals(List.of(2L)));
    assertThat(counted)
        .containsExactly(new Counted(id, 1, "stored"), new Counted(id, 2, "sent again"));
    assertThat(unacknowledged.sum()).as("stored and too late").isEqualTo(2);
    assertThat(hub.statistics().pendingMessages()).isZero();
  }

  @Test
  void seesTheOrderOfTheNumbersThoughTheSessionIsTakenOverWithinACommit() {
    List<Thread> takeover = new ArrayList<>();
    SessionStore store =
        new ForwardingStore(memory) {
          @Override
          public boolean blocks() {
            return false;
          }

          @Override
          public CommitResult commit(Commit commit) {
            CommitResult result = super.commit(commit);
            if (commit.count() == 1) {
              Thread thread = takeover.get(0);
              thread.start();
              await()
                  .until(
                      () ->
                          thread.getState() == Thread.State.BLOCKED
                              || thread.getState() == Thread.State.TERMINATED);
            }
            return result;
          }
        };
    ChatHub hub = hub(store, this::keep);
    CapturingTransport second = new CapturingTransport();
    takeover.add(new Thread(() -> hub.connect(second, id, Subprotocol.TALLY_V1).onText("second")));
    hub.connect(transport, id, Subprotocol.TALLY_V1).onText("first");
    await().until(() -> second.counts().equals(List.of(2L)));
    await().until(() -> counted.size() == 2);
    assertThat(counted).containsExactly(new Counted(id, 1, "first"), new Counted(id, 2, "second"));
  }

  @Test
  void mayPushToTheSessionFromWithin() {
    List<ChatHub> self = new ArrayList<>();
    ChatHub hub =
        hub(
            memory,
            (session, number, text) -> self.get(0).push(session, "{\"type\": \"echo\", \"n\": 1}"));
    self.add(hub);
    hub.connect(transport, id, Subprotocol.PLAIN).onText("a");
    assertThat(transport.frames())
        .containsExactly("{\"count\": 1}", "{\"type\": \"echo\", \"n\": 1}");
  }

  @Test
  void twoMayPushToEachOthersSessionAtTheSameTime() {
    SessionId other = SessionId.random();
    CyclicBarrier bothWithin = new CyclicBarrier(2);
    List<ChatHub> self = new ArrayList<>();
    ChatHub hub =
        hub(
            memory,
            (session, number, text) -> {
              awaitBoth(bothWithin);
              self.get(0).push(session.equals(id) ? other : id, "from the other");
            });
    self.add(hub);
    CapturingTransport second = new CapturingTransport();
    for (ChatSession session :
        List.of(
            hub.connect(transport, id, Subprotocol.PLAIN),
            hub.connect(second, other, Subprotocol.PLAIN))) {
      Thread client = new Thread(() -> session.onText("a"));
      client.setDaemon(true);
      client.start();
    }
    await()
        .untilAsserted(
            () -> {
              assertThat(transport.frames()).containsExactly("{\"count\": 1}", "from the other");
              assertThat(second.frames()).containsExactly("{\"count\": 1}", "from the other");
            });
  }

  private static void awaitBoth(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aListenerThatThrowsHarmsNobody() {
    ChatHub hub =
        hub(
            memory,
            (session, number, text) -> {
              throw new IllegalStateException("broken");
            });
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    session.onText("b");
    assertThat(transport.counts()).containsExactly(1L, 2L);
    assertThat(errors).containsExactly("listener", "listener");
  }

  @Test
  void aPushReachesTheConnectionThatOwnsTheSessionAndNoOther() {
    ChatHub hub = hub(memory, MessageListener.NONE);
    assertThat(hub.push(id, "nobody is there")).isFalse();
    hub.connect(transport, id, Subprotocol.PLAIN);
    CapturingTransport second = new CapturingTransport();
    ChatSession owner = hub.connect(second, id, Subprotocol.PLAIN);
    assertThat(hub.push(id, "grüße")).isTrue();
    assertThat(transport.frames()).isEmpty();
    assertThat(second.frames()).containsExactly("grüße");
    owner.onClose(1000);
    assertThat(hub.push(id, "gone")).isFalse();
  }

  @Test
  void aPushHasABound() {
    ChatHub hub = hub(memory, MessageListener.NONE);
    hub.connect(transport, id, Subprotocol.PLAIN);
    assertThat(hub.push(id, "x".repeat(65_535))).isTrue();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> hub.push(id, "ö".repeat(32_768)))
        .withMessage("a pushed message has at most 65535 bytes in UTF-8, not 65536");
  }
}
