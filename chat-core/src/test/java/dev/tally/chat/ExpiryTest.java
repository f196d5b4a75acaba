package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to connections whose tokens expire. */
class ExpiryTest {

  private static final Close EXPIRED = new Close(CloseCode.TOKEN_EXPIRED, "token expired");
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final MutableClock clock = new MutableClock();
  private final InMemorySessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 20_000, clock.monotonic());
  private final HeldStore held = new HeldStore(memory);
  private final ChatSettings settings =
      ChatSettings.builder().expiryLeeway(Duration.ofSeconds(10)).build();
  private final ChatHub hub =
      new ChatHub(
          memory, ChatMetrics.NONE, settings, clock, clock.monotonic(), MessageListener.NONE);
  private final ChatHub waiting =
      new ChatHub(held, ChatMetrics.NONE, settings, clock, clock.monotonic(), MessageListener.NONE);
  private final CapturingTransport transport = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @AfterEach
  void close() {
    hub.close();
    waiting.close();
  }

  private Identity until(Instant expiry) {
    return new Identity(Optional.of(new Subject("alice")), Optional.of(expiry));
  }

  private Identity expiringIn(Duration left) {
    return until(clock.instant().plus(left));
  }

  private void pass(Duration time) {
    clock.advance(time);
    hub.sweep();
    hub.closeExpired();
  }

  @Test
  void welcomeSaysWhenTheTokenExpires() {
    hub.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(Duration.ofMillis(899_999)));

    assertThat(transport.frames().get(0)).endsWith("\"heartbeat_s\": 30, \"expires_in_s\": 899}");
  }

  @Test
  void welcomeThatCameLateSaysWhatIsLeft() {
    waiting.start();
    held.holdOpens(true);
    waiting.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(MINUTE));
    held.awaitFlying();
    clock.advance(Duration.ofSeconds(4));
    held.holdOpens(false);
    held.answer();

    await().until(() -> !transport.frames().isEmpty());
    assertThat(transport.frames().get(0)).endsWith("\"expires_in_s\": 56}");
  }

  @Test
  void expiredTokenWithinTheLeewayHasNothingLeft() {
    hub.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(Duration.ofSeconds(-9)));

    pass(Duration.ZERO);
    assertThat(transport.frames().get(0)).endsWith("\"expires_in_s\": 0}");
    assertThat(transport.closed()).isEmpty();
    pass(Duration.ofSeconds(1));
    assertThat(transport.closed()).contains(EXPIRED);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE})
  void expiryBeyondAllMeasureIsNoFault(long seconds) {
    Instant expiry = seconds < 0 ? Instant.MIN : Instant.MAX;

    hub.connect(transport, id, Subprotocol.TALLY_V1, until(expiry));
    pass(Duration.ofDays(365));

    assertThat(transport.closed()).isEqualTo(Optional.of(EXPIRED).filter(close -> seconds < 0));
    assertThat(transport.frames()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {-3600, 3600})
  void clockThatIsSetChangesNothingForThoseWhoAreConnected(long seconds) {
    hub.connect(transport, id, Subprotocol.PLAIN, expiringIn(MINUTE));
    clock.step(Duration.ofSeconds(seconds));

    pass(Duration.ofMillis(69_999));
    assertThat(transport.closed()).as("until expiry and leeway are over").isEmpty();
    pass(Duration.ofMillis(1));
    assertThat(transport.closed()).contains(EXPIRED);
  }

  @Test
  void clientThatMovedToANewTokenIsNotClosed() {
    hub.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(MINUTE));
    pass(Duration.ofSeconds(50));
    CapturingTransport young = new CapturingTransport();
    hub.connect(young, id, Subprotocol.TALLY_V1, expiringIn(Duration.ofHours(1)));

    pass(MINUTE);

    assertThat(transport.closed()).map(Close::code).contains(CloseCode.SUPERSEDED);
    assertThat(young.closed()).isEmpty();
  }

  @Test
  void fiveThousandTokensThatExpireTogetherAreNoStorm() {
    List<CapturingTransport> clients = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      CapturingTransport client = new CapturingTransport();
      clients.add(client);
      hub.connect(
          client,
          SessionId.random(),
          Subprotocol.TALLY_V1,
          expiringIn(Duration.ofMillis(60_000 + i % 1_000)));
    }
    pass(Duration.ofSeconds(70));

    List<Integer> perSecond = new ArrayList<>();
    int closedBefore = 0;
    for (int millis = 0; millis < 10_000; millis += 10) {
      clock.advance(Duration.ofMillis(10));
      if (millis % 500 == 490) {
        hub.sweep();
      }
      hub.closeExpired();
      if (millis % 1000 == 990) {
        int closed = (int) clients.stream().filter(c -> c.closed().isPresent()).count();
        perSecond.add(closed - closedBefore);
        closedBefore = closed;
      }
    }

    assertThat(closedBefore).as("closed within the bound").isEqualTo(5_000);
    assertThat(perSecond).allMatch(closed -> closed <= 630);
    assertThat(clients).allSatisfy(client -> assertThat(client.closed()).contains(EXPIRED));
  }

  @Test
  void boundHoldsHoweverManyExpireAndWheneverMoreAreFound() {
    List<CapturingTransport> clients = new ArrayList<>();
    for (int i = 0; i < 15_000; i++) {
      CapturingTransport client = new CapturingTransport();
      clients.add(client);
      Duration left = i < 12_000 ? MINUTE : MINUTE.plusMillis(i - 12_000);
      hub.connect(client, SessionId.random(), Subprotocol.PLAIN, expiringIn(left));
    }
    clock.advance(MINUTE);

    int late = 0;
    for (int millis = 10_000; millis < 22_000; millis += 10) {
      clock.advance(Duration.ofMillis(millis == 10_000 ? 10_000 : 10));
      if (millis % 500 == 0) {
        hub.sweep();
      }
      hub.closeExpired();
      if (millis == 10_000 + 8_510) {
        late = (int) clients.subList(0, 12_000).stream().filter(c -> c.closed().isEmpty()).count();
      }
    }

    assertThat(late).isZero();
    assertThat(clients).allSatisfy(client -> assertThat(client.closed()).contains(EXPIRED));
  }

  @Test
  void messagesOnTheirWayAreAcknowledgedBeforeTheClose() {
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(MINUTE));
    await().until(() -> transport.frames().size() == 1);
    clock.advance(Duration.ofSeconds(69));
    held.holdCommits(true);
    session.onText("on its way when the token expires");
    held.awaitFlying();
    clock.advance(Duration.ofSeconds(1));
    await().until(() -> session.isLeaving());
    session.onText("too late to be counted");
    assertThat(transport.closed()).isEmpty();

    held.holdCommits(false);
    held.answer();

    await().until(() -> transport.closed().isPresent());
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(transport.closed()).contains(EXPIRED);
    assertThat(memory.open(session.key()).count()).isEqualTo(1);
  }

  @Test
  void storeThatIsSilentKeepsNobodyConnectedForEver() {
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(MINUTE));
    await().until(() -> transport.frames().size() == 1);
    clock.advance(Duration.ofSeconds(69));
    held.holdCommits(true);
    session.onText("never answered");
    held.awaitFlying();
    clock.advance(Duration.ofSeconds(1));
    await().until(() -> session.isLeaving());

    clock.advance(settings.commitTimeout());

    await().until(() -> transport.closed().isPresent());
    assertThat(transport.closed()).contains(EXPIRED);
    held.loseAnswer();
  }

  @Test
  void clientThatStillWaitsForTheStoreIsClosedAtOnce() {
    waiting.start();
    held.holdOpens(true);
    waiting.connect(transport, id, Subprotocol.TALLY_V1, expiringIn(Duration.ofSeconds(-11)));
    held.awaitFlying();

    await().until(() -> transport.closed().isPresent());
    assertThat(transport.closed()).contains(EXPIRED);
    held.loseAnswer();
  }

  @Test
  void drainClosesTheExpiredAsItDoesTheOthers() {
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN, expiringIn(MINUTE));
    hub.start();
    session.drain(Duration.ofMillis(1));
    pass(Duration.ofMinutes(2));

    assertThat(transport.closed()).map(Close::code).contains(CloseCode.GOING_AWAY);
  }
}
