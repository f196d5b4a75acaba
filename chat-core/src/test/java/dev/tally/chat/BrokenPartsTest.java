package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.ForwardingStore;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is plugged into a hub may have any bug: others are counted all the same. */
class BrokenPartsTest {

  private final MutableClock clock = new MutableClock();
  private final SessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 1000, clock.monotonic());
  private final List<ChatHub> hubs = new ArrayList<>();
  private final CapturingTransport transport = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @AfterEach
  void close() {
    hubs.forEach(ChatHub::close);
  }

  private ChatHub hub(SessionStore store, MessageListener listener) {
    ChatHub hub = new ChatHub(store, ChatMetrics.NONE, ChatSettings.defaults(), clock, listener);
    hub.start();
    hubs.add(hub);
    return hub;
  }

  /** Fails once when it is told to, not as the contract has it. */
  private final class Broken extends ForwardingStore {
    private final boolean blocks;
    private final AtomicBoolean throwing = new AtomicBoolean();
    private final AtomicBoolean dropping = new AtomicBoolean();

    Broken(boolean blocks) {
      super(memory);
      this.blocks = blocks;
    }

    @Override
    public boolean blocks() {
      return blocks;
    }

    @Override
    public Lease open(SessionId session) {
      breakIfTold();
      return super.open(session);
    }

    @Override
    public CommitResult commit(Commit commit) {
      breakIfTold();
      return super.commit(commit);
    }

    @Override
    public List<Optional<Lease>> openAll(List<SessionId> ids) {
      return dropping.getAndSet(false) ? List.of() : super.openAll(ids);
    }

    @Override
    public List<CommitResult> commitAll(List<Commit> commits) {
      return dropping.getAndSet(false) ? List.of() : super.commitAll(commits);
    }

    private void breakIfTold() {
      if (throwing.getAndSet(false)) {
        throw new AssertionError("a bug of the store");
      }
    }
  }

  @Test
  void aStoreThatThrowsOrAnswersTooLittleIsAskedAgain() {
    Broken store = new Broken(true);
    ChatHub hub = hub(store, MessageListener.NONE);
    store.throwing.set(true);
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    store.throwing.set(true);
    session.onText("b");
    await().until(() -> transport.counts().equals(List.of(1L, 2L)));
    store.dropping.set(true);
    session.onText("c");
    await().until(() -> transport.counts().equals(List.of(1L, 2L, 3L)));
    store.dropping.set(true);
    CapturingTransport second = new CapturingTransport();
    hub.connect(second, SessionId.random(), Subprotocol.PLAIN).onText("a");
    await().until(() -> second.counts().equals(List.of(1L)));
  }

  @Test
  void aStoreThatDoesNotBlockIsAskedAgainToo() {
    Broken store = new Broken(false);
    ChatHub hub = hub(store, MessageListener.NONE);
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    store.throwing.set(true);
    session.onText("a");
    assertThat(transport.counts()).isEmpty();
    session.onText("b");
    assertThat(transport.counts()).containsExactly(1L, 2L);
    store.throwing.set(true);
    session.onText("c");
    session.onClose(1006);
    assertThat(hub.statistics().pendingMessages()).isZero();
    assertThat(memory.open(id).count()).isEqualTo(3);
  }

  @Test
  void aClientOfAStoreThatDoesNotBlockIsSentAwayIfItThrows() {
    Broken store = new Broken(false);
    ChatHub hub = hub(store, MessageListener.NONE);
    store.throwing.set(true);
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    assertThat(transport.closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
    assertThat(hub.readiness().ready()).isTrue();
    session.onClose(1013);
    assertThat(hub.statistics().connections()).isZero();
  }

  @Test
  void anErrorOfAListenerHarmsNobody() {
    ChatHub hub =
        hub(
            new Broken(true),
            (session, number, text) -> {
              throw new AssertionError("a bug of the listener");
            });
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    session.onText("b");
    await().until(() -> transport.counts().equals(List.of(1L, 2L)));
  }

  @Test
  void aTransportThatThrowsEndsItsOwnConnectionOnly() {
    ChatHub hub = hub(new Broken(true), MessageListener.NONE);
    Transport broken =
        new Transport() {
          @Override
          public void send(Reply reply) {
            throw new AssertionError("a bug of the transport");
          }

          @Override
          public void close(CloseCode code, String reason) {
            transport.close(code, reason);
            throw new AssertionError("another bug of the transport");
          }
        };
    hub.connect(broken, id, Subprotocol.PLAIN).onText("a");
    await().until(() -> transport.closed().isPresent());
    assertThat(transport.closed()).contains(new Close(CloseCode.INTERNAL_ERROR, "internal error"));
    CapturingTransport second = new CapturingTransport();
    hub.connect(second, SessionId.random(), Subprotocol.PLAIN).onText("a");
    await().until(() -> second.counts().equals(List.of(1L)));
  }

  @Test
  void anErrorOfTheMetricsHarmsNobody() {
    ChatMetrics broken =
        new ChatMetrics() {
          @Override
          public void acknowledged(long nanos) {
            throw new AssertionError("a bug of the metrics");
          }
        };
    ChatHub hub = new ChatHub(new Broken(true), broken, ChatSettings.defaults(), clock);
    hubs.add(hub);
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    session.onText("b");
    await().until(() -> transport.counts().equals(List.of(1L, 2L)));
  }
}
