package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.Patience;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** How clients are sent away, above all while the store does not answer. */
class FarewellTest {

  private final MutableClock clock = new MutableClock();
  private final FaultyStore store =
      new FaultyStore(new InMemorySessionStore(Duration.ofHours(1), 10_000, clock.monotonic()));
  private final Ledger ledger = new Ledger();
  private final ChatHub hub =
      new ChatHub(
          store, ledger, ChatSettings.defaults(), clock, clock.monotonic(), MessageListener.NONE);
  private final CapturingTransport transport = new CapturingTransport();

  private static final class Ledger implements ChatMetrics {
    private final LongAdder received = new LongAdder();
    private final LongAdder acknowledged = new LongAdder();
    private final LongAdder unacknowledged = new LongAdder();

    @Override
    public void received() {
      received.increment();
    }

    @Override
    public void acknowledged(long nanos) {
      acknowledged.increment();
    }

    @Override
    public void unacknowledged(long messages) {
      unacknowledged.add(messages);
    }
  }

  @AfterEach
  void close() {
    hub.close();
  }

  private ChatSession connect(CapturingTransport client, Subprotocol subprotocol) {
    ChatSession session = hub.connect(client, SessionId.random(), subprotocol);
    await().until(() -> !session.isOpening());
    return session;
  }

  private static long hintMillis(CapturingTransport client) {
    String reason = client.closed().orElseThrow().reason();
    assertThat(reason).startsWith("retry_after_ms=");
    return Long.parseLong(reason.substring("retry_after_ms=".length()));
  }

  private void takeStoreAway() {
    await().until(() -> hub.statistics().storeUp());
    store.setDown(true);
    await().until(() -> !hub.statistics().storeUp());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void clientsThatAreTurnedAwayTogetherComeBackAtThePaceOfADrain(boolean atTheEndOfADrain) {
    Map<Long, Integer> perSecond = new TreeMap<>();
    for (int i = 0; i < 5_000; i++) {
      CapturingTransport client = new CapturingTransport();
      ChatSession session = hub.connect(client, SessionId.random(), Subprotocol.PLAIN);
      if (atTheEndOfADrain) {
        session.endDrain();
      } else {
        session.tryAgainLater("away");
      }
      long hint = hintMillis(client);
      assertThat(hint).isBetween(1_000L, 11_250L);
      perSecond.merge(hint / 1000, 1, Integer::sum);
    }
    assertThat(perSecond.values()).allMatch(count -> count <= 700);
  }

  @Test
  void nobodyIsSentAwayForMuchLongerThanTheStoreMayBeBack() {
    RetryHints hints = new RetryHints(Duration.ofSeconds(1), clock.monotonic());
    for (int i = 0; i < 50_000; i++) {
      assertThat(hints.next()).isLessThan(Duration.ofMillis(31_250));
    }
    clock.advance(Duration.ofSeconds(31));
    assertThat(hints.next()).isLessThanOrEqualTo(Duration.ofMillis(1_252));
  }

  @ParameterizedTest
  @EnumSource(Subprotocol.class)
  void whoIsOwedNothingLeavesADrainInItsSlotThoughTheStoreIsAway(Subprotocol subprotocol) {
    hub.start();
    CapturingTransport owed = new CapturingTransport();
    ChatSession waits = connect(owed, Subprotocol.PLAIN);
    ChatSession session = connect(transport, subprotocol);
    session.onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    takeStoreAway();
    waits.onText("not stored");
    Future<DrainReport> report = CompletableFuture.supplyAsync(hub::drain);
    await()
        .until(
            () -> {
              clock.advance(Duration.ofMillis(100));
              return transport.closed().isPresent();
            });
    assertThat(report).as("its slot and an overlap, and not the drain's end").isNotDone();
    assertThat(transport.closed()).map(Close::code).contains(CloseCode.GOING_AWAY);
    assertThat(transport.frames())
        .filteredOn(frame -> frame.contains("bye"))
        .singleElement()
        .asString()
        .contains("\"total\": 1");
    assertThat(owed.closed()).isEmpty();
    session.onClose(1001);
    clock.advance(ChatSettings.defaults().drainTimeout());
    assertThat(report).succeedsWithin(Patience.PATIENCE);
    assertThat(owed.frames())
        .as("what is stored for certain")
        .contains("{\"bye\": true, \"total\": 0}");
    assertThat(owed.closed()).map(Close::code).contains(CloseCode.GOING_AWAY);
  }

  @Test
  void repliesThatNeverLeftAreNotAcknowledged() {
    HeldStore held =
        new HeldStore(new InMemorySessionStore(Duration.ofHours(1), 10, clock.monotonic()));
    try (ChatHub holding =
        new ChatHub(
            held,
            ledger,
            ChatSettings.defaults(),
            clock,
            clock.monotonic(),
            MessageListener.NONE)) {
      holding.start();
      ChatSession session = holding.connect(transport, SessionId.random(), Subprotocol.TALLY_V1);
      await().until(() -> !transport.frames().isEmpty());
      held.holdCommits(true);
      session.onText("stored, but its client was sent away before");
      held.awaitFlying();
      clock.advance(ChatSettings.defaults().commitTimeout().plusMillis(1));
      holding.sweep();
      assertThat(transport.closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
      held.holdCommits(false);
      held.answer();
      await().until(() -> holding.statistics().pendingMessages() == 0);
    }
    assertThat(ledger.acknowledged.sum()).isZero();
    assertThat(ledger.unacknowledged.sum()).isEqualTo(1);
  }

  @Test
  void everyMessageIsAcknowledgedOrNotOnceTheHubIsClosed() {
    hub.start();
    ChatSession session = connect(transport, Subprotocol.PLAIN);
    session.onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    store.setDown(true);
    session.onText("b");
    hub.close();
    assertThat(ledger.received.sum())
        .isEqualTo(2)
        .isEqualTo(ledger.acknowledged.sum() + ledger.unacknowledged.sum());
  }

  @Test
  void aReasonThatIsTooLongIsCutAtTheEndOfACharacter() {
    hub.start();
    ChatSession session = connect(transport, Subprotocol.PLAIN);
    session.refuse(CloseCode.POLICY_VIOLATION, "x" + "\u20ac".repeat(41));
    String reason = transport.closed().orElseThrow().reason();
    assertThat(reason).isEqualTo("x" + "\u20ac".repeat(40));
    assertThat(reason.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(123);
  }

  @Test
  void aReasonThatFitsStaysAsItIs() {
    hub.start();
    ChatSession session = connect(transport, Subprotocol.PLAIN);
    session.refuse(CloseCode.POLICY_VIOLATION, "\u20ac".repeat(41));
    assertThat(transport.closed().orElseThrow().reason()).isEqualTo("\u20ac".repeat(41));
  }

  @ParameterizedTest
  @EnumSource(
      value = CloseCode.class,
      mode = Mode.INCLUDE,
      names = {"NO_STATUS", "ABNORMAL"})
  void noConnectionIsRefusedWithACodeThatIsNeverSent(CloseCode code) {
    ChatSession session = hub.connect(transport, SessionId.random(), Subprotocol.PLAIN);
    assertThatIllegalArgumentException().isThrownBy(() -> session.refuse(code, ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a \"quote\"", "a \\ backslash", "a line\nbreak", "\u00e4"})
  void anErrorIsAlwaysJson(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Reply.error("store_unavailable", Duration.ofSeconds(1), text));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Reply.error(text, Duration.ofSeconds(1), "detail"));
  }

  @Test
  void clientsAreLetInUntilByesAreSaid() {
    hub.start();
    hub.announceDrain();
    connect(transport, Subprotocol.PLAIN).onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    assertThat(hub.readiness()).isEqualTo(new Readiness(false, "draining"));
    assertThat(transport.closed()).isEmpty();
  }
}
