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
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.Transport;
import dev.tally.chat.store.StoreHealth;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.MutableClock;
import dev.tally.chat.testing.Patience;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The time of day is set, in either direction, in the middle of each wait: none of them notices.
 */
class ClockStepTest {

  private static final Duration TTL = Duration.ofSeconds(8);

  private final MutableClock clock = new MutableClock();
  private final FaultyStore store =
      new FaultyStore(new InMemorySessionStore(Duration.ofDays(365), 1000, clock.monotonic()));
  private final ChatSettings settings = ChatSettings.builder().sessionTtl(TTL).build();
  private final ChatHub hub =
      new ChatHub(
          store, ChatMetrics.NONE, settings, clock, clock.monotonic(), MessageListener.NONE);
  private final CapturingTransport transport = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @AfterEach
  void close() {
    hub.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void aDrainKeepsItsPaceAndEndsInTime(Duration step) {
    List<CapturingTransport> transports =
        Stream.generate(CapturingTransport::new).limit(3).toList();
    List<ChatSession> sessions =
        transports.stream()
            .map(each -> hub.connect(each, SessionId.random(), Subprotocol.PLAIN))
            .toList();
    hub.start();
    await().until(() -> sessions.stream().noneMatch(ChatSession::isOpening));
    Future<DrainReport> report = CompletableFuture.supplyAsync(hub::drain);
    await().until(() -> closed(transports) == 1);
    clock.step(step);
    clock.advance(Duration.ofMillis(2));
    await().until(() -> closed(transports) == 2);
    Duration limit = settings.drainTimeout().multipliedBy(95).dividedBy(100);
    clock.step(step);
    clock.advance(limit.minusMillis(2));
    assertThat(report)
        .succeedsWithin(Patience.PATIENCE)
        .extracting(DrainReport::abandoned, DrainReport::took)
        .containsExactly(transports.size(), limit);
  }

  private static int closed(List<CapturingTransport> transports) {
    return (int) transports.stream().filter(each -> each.closed().isPresent()).count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void silentConnectionsAreRenewedInTime(Duration step) {
    ChatSession session = open();
    clock.step(step);
    hub.sweep();
    assertThat(hub.statistics().commitQueueDepth()).isZero();
    clock.advance(TTL.dividedBy(4).plusMillis(1));
    hub.sweep();
    assertThat(hub.statistics().commitQueueDepth()).isEqualTo(1);
    hub.takeBatches();
    assertThat(session.nextCommit()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void aClientWaitsForItsSessionAsLongAsItMay(Duration step) {
    hub.connect(transport, id, Subprotocol.PLAIN);
    expectCloseAfter(settings.openTimeout(), step);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void aMessageWaitsForTheStoreAsLongAsItMay(Duration step) {
    ChatSession session = open();
    session.onText("a");
    expectCloseAfter(settings.commitTimeout(), step);
  }

  private void expectCloseAfter(Duration timeout, Duration step) {
    clock.advance(timeout);
    clock.step(step);
    hub.sweep();
    assertThat(transport.closed()).isEmpty();
    clock.advance(Duration.ofMillis(1));
    hub.sweep();
    assertThat(transport.closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void aStoreHasItsWholeGraceAndNoMore(Duration step) {
    StoreHealth health = new StoreHealth(store, settings.storeGrace(), clock.monotonic());
    health.check();
    store.setDown(true);
    health.check();
    clock.step(step);
    assertThat(health.isDownForLong()).isFalse();
    clock.advance(settings.storeGrace());
    assertThat(health.isDownForLong()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void theEndOfAConnectionSaysHowLongItWas(Duration step) {
    CompletableFuture<Duration> lasted = new CompletableFuture<>();
    Transport transport =
        new Transport() {
          @Override
          public void send(Reply reply) {}

          @Override
          public void close(CloseCode code, String reason) {}

          @Override
          public void closed(int code, OptionalLong count, Duration duration) {
            lasted.complete(duration);
          }
        };
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    clock.step(step);
    clock.advance(Duration.ofSeconds(3));
    session.onClose(1000);
    assertThat(lasted).isCompletedWithValue(Duration.ofSeconds(3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void sessionsInMemoryAreKeptByTheTimeThatPassed(Duration step) {
    InMemorySessionStore memory = new InMemorySessionStore(TTL, 10, clock.monotonic());
    Lease first = memory.open(id);
    assertThat(memory.commit(new Commit(first, 1, true))).isEqualTo(CommitResult.STORED);
    clock.step(step);
    clock.advance(TTL.minusMillis(1));
    Lease second = memory.open(id);
    assertThat(second.count()).isEqualTo(1);
    assertThat(second.awayFor()).contains(TTL.minusMillis(1));
    assertThat(second.epoch()).isGreaterThan(first.epoch());
    clock.step(step);
    clock.advance(TTL);
    assertThat(memory.open(id).resumed()).isFalse();
  }

  private ChatSession open() {
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    hub.takeBatches();
    assertThat(session.isOpening()).isFalse();
    return session;
  }
}
