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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChatHubTest {

  private static final Duration HOUR = Duration.ofHours(1);

  private final MutableClock clock = new MutableClock();
  private final SessionStore memory = new InMemorySessionStore(HOUR, 1000, clock.monotonic());
  private final FaultyStore slow = new FaultyStore(memory);
  private final ChatHub hub =
      new ChatHub(
          memory,
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          clock,
          clock.monotonic(),
          MessageListener.NONE);
  private final ChatHub waiting =
      new ChatHub(
          slow,
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          clock,
          clock.monotonic(),
          MessageListener.NONE);
  private final CapturingTransport transport = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @AfterEach
  void close() {
    hub.close();
    waiting.close();
  }

  @Test
  void everyMessageGetsItsNumber() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    session.onText("b");
    assertThat(transport.frames()).containsExactly("{\"count\": 1}", "{\"count\": 2}");
  }

  @Test
  void aResumedSessionGoesOnWhereItStopped() {
    hub.start();
    ChatSession first = hub.connect(transport, id, Subprotocol.PLAIN);
    first.onText("a");
    first.onClose(1000);
    CapturingTransport second = new CapturingTransport();
    hub.connect(second, id, Subprotocol.TALLY_V1).onText("b");
    assertThat(second.frames())
        .containsExactly(
            "{\"type\": \"welcome\", \"session_id\": \""
                + id.text()
                + "\", \"resumed\": true, \"count\": 1, \"ttl_s\": 3600, \"heartbeat_s\": 30}",
            "{\"count\": 2}");
  }

  @Test
  void theNewestConnectionWinsOverAHalfOpenOne() {
    hub.start();
    ChatSession old = hub.connect(transport, id, Subprotocol.PLAIN);
    old.onText("a");
    CapturingTransport second = new CapturingTransport();
    ChatSession young = hub.connect(second, id, Subprotocol.PLAIN);
    assertThat(transport.closed()).contains(new Close(CloseCode.SUPERSEDED, "superseded"));
    old.onText("never counted");
    young.onText("b");
    assertThat(second.counts()).containsExactly(2L);
    assertThat(transport.counts()).containsExactly(1L);
  }

  @Test
  void nothingIsAcknowledgedBeforeItIsStored() {
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    await().until(() -> transport.counts().equals(List.of(1L)));
    slow.setDown(true);
    session.onText("\u00e4");
    session.onText("xcx".getBytes(StandardCharsets.UTF_8), 1, 2);
    await().until(() -> slow.refusals() > 0);
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(waiting.statistics().pendingMessages()).isEqualTo(2);
    assertThat(waiting.statistics().pendingBytes())
        .as("64 for each message: nobody is to see the payload, so it is not kept")
        .isEqualTo(2 * 64);
    slow.setDown(false);
    await().until(() -> transport.counts().equals(List.of(1L, 2L, 3L)));
    assertThat(waiting.statistics().pendingMessages()).isZero();
    assertThat(waiting.statistics().pendingBytes()).isZero();
  }

  @Test
  void aClientThatTheStoreKeepsWaitingIsSentAwayWithAHint() {
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.TALLY_V1);
    await().until(() -> transport.frames().size() == 1);
    slow.setDown(true);
    session.onText("a");
    clock.advance(Duration.ofSeconds(31));
    waiting.sweep();
    assertThat(transport.frames().get(1))
        .startsWith("{\"type\": \"error\", \"code\": \"store_unavailable\", \"retry_after_ms\": 1");
    assertTurnedAwayWithAHint();
  }

  @Test
  void aClientIsSentAwayAtOnceFromAStoreThatNobodyHasToWaitFor() {
    hub.start();
    memory.close();
    hub.connect(transport, id, Subprotocol.TALLY_V1);
    assertThat(transport.frames())
        .singleElement()
        .asString()
        .matches(
            "\\{\"type\": \"error\", \"code\": \"store_unavailable\", \"retry_after_ms\": 1\\d{3},"
                + " \"detail\": \"the session store did not open or save this session in time\"}");
    assertTurnedAwayWithAHint();
  }

  private void assertTurnedAwayWithAHint() {
    Close close = transport.closed().orElseThrow();
    assertThat(close.code()).isEqualTo(CloseCode.TRY_AGAIN_LATER);
    assertThat(close.reason()).matches("retry_after_ms=1\\d{3}");
  }

  @Test
  void aResumeWhileTheStoreIsDownWaitsAndThenGivesUp() {
    slow.setDown(true);
    waiting.start();
    waiting.connect(transport, id, Subprotocol.PLAIN);
    clock.advance(Duration.ofSeconds(4));
    waiting.sweep();
    assertThat(transport.closed()).isEmpty();
    clock.advance(Duration.ofSeconds(2));
    waiting.sweep();
    assertTurnedAwayWithAHint();
  }

  @Test
  void aMessageDoesNotProlongTheWaitForTheStore() {
    slow.setDown(true);
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.PLAIN);
    clock.advance(Duration.ofSeconds(4));
    session.onText("a");
    clock.advance(Duration.ofSeconds(2));
    waiting.sweep();
    assertTurnedAwayWithAHint();
  }

  @Test
  void unacknowledgedMessagesAreBoundedPerSession() {
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.TALLY_V1);
    slow.setDown(true);
    for (int i = 0; i < 1024; i++) {
      session.onText("x");
    }
    assertThat(transport.closed()).isEmpty();
    session.onText("one too many");
    assertThat(transport.frames())
        .last()
        .asString()
        .contains("\"code\": \"store_unavailable\"", "too many messages wait");
    assertThat(transport.closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
  }

  @Test
  void silentConnectionsAreRenewedBeforeTheyExpire() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    for (int i = 0; i < 10; i++) {
      clock.advance(Duration.ofMinutes(16));
      hub.sweep();
    }
    session.onClose(1000);
    assertThat(memory.open(id).count()).isEqualTo(1);
  }

  @Test
  void aLostSessionIsTakenBackFromItsOwner() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    clock.advance(Duration.ofHours(2));
    session.onText("b");
    assertThat(transport.counts()).containsExactly(1L, 2L);
    assertThat(memory.open(id).count()).isEqualTo(2);
  }

  @Test
  void heartbeatsGoToOpenSessions() {
    hub.start();
    hub.connect(transport, id, Subprotocol.PLAIN);
    hub.heartbeat();
    assertThat(transport.frames())
        .containsExactly("{\"type\": \"heartbeat\", \"ts\": \"2026-11-23T20:00:00.000Z\"}");
  }

  @Test
  void heartbeatsGoOnUntilByesAreSaid() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.TALLY_V1);
    hub.announceDrain();
    hub.heartbeat();
    assertThat(transport.frames()).hasSize(2).anyMatch(ChatHubTest::isHeartbeat);

    Future<DrainReport> report = drain();
    await().until(() -> transport.frames().size() == 3);
    hub.heartbeat();
    assertThat(transport.frames().get(2)).contains("bye");
    assertThat(transport.frames()).hasSize(3);
    session.onClose(1001);
    assertThat(report).succeedsWithin(Duration.ofMinutes(1));
  }

  private static boolean isHeartbeat(String frame) {
    return frame.startsWith("{\"type\": \"heartbeat\"");
  }

  @Test
  void aDrainSaysByeAndClosesWith1001() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    assertThat(hub.readiness().ready()).isTrue();
    Future<DrainReport> report = drain();
    await().until(() -> transport.closed().isPresent());
    session.onClose(1001);
    assertThat(report)
        .succeedsWithin(Duration.ofMinutes(1))
        .isEqualTo(new DrainReport(1, 1, 0, 0, 0, Duration.ZERO));
    assertThat(transport.frames())
        .containsExactly("{\"count\": 1}", "{\"bye\": true, \"total\": 1}");
    assertThat(transport.closed().orElseThrow().reason()).matches("retry_after_ms=\\d+");
    assertThat(hub.readiness()).isEqualTo(new Readiness(false, "draining"));
  }

  @Test
  void aDrainTellsTallyV1FirstAndGoesOnCounting() {
    hub.start();
    ChatSession session = hub.connect(transport, id, Subprotocol.TALLY_V1);
    Future<DrainReport> report = drain();
    await().until(() -> transport.frames().size() == 2);
    assertThat(transport.frames().get(1))
        .isEqualTo(
            "{\"type\": \"bye\", \"bye\": true, \"total\": 0, \"retry_after_ms\": 0,"
                + " \"close_in_ms\": 2000}");
    session.onText("still counted");
    assertThat(transport.counts()).containsExactly(1L);
    assertThat(transport.closed()).isEmpty();
    clock.advance(Duration.ofSeconds(2));
    await().until(() -> transport.closed().isPresent());
    assertThat(transport.closed().orElseThrow().code()).isEqualTo(CloseCode.GOING_AWAY);
    session.onClose(1001);
    assertThat(report).succeedsWithin(Duration.ofMinutes(1));
  }

  @Test
  void aLongerOverlapKeepsTheOldConnectionButNotBeyondTheDrain() {
    ChatSession session = hub.connect(transport, id, Subprotocol.TALLY_V1);
    for (int seconds : List.of(5, 60)) {
      DrainSchedule unused =
          new DrainSchedule(
              List.of(session),
              Duration.ofSeconds(10),
              Duration.ofSeconds(seconds),
              clock.monotonic().millis());
    }
    assertThat(transport.frames())
        .filteredOn(frame -> frame.contains("bye"))
        .satisfiesExactly(
            five -> assertThat(five).endsWith("\"close_in_ms\": 5000}"),
            most -> assertThat(most).endsWith("\"close_in_ms\": 9000}"));
  }

  @Test
  void aSessionThatOpensWithinTheDrainIsToldBeforeItsClose() {
    slow.setDown(true);
    waiting.start();
    ChatSession session = waiting.connect(transport, id, Subprotocol.TALLY_V1);
    session.onText("a");
    DrainSchedule drain =
        new DrainSchedule(
            List.of(session),
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            clock.monotonic().millis());
    slow.setDown(false);
    await().until(() -> transport.counts().equals(List.of(1L)));
    drain.step(clock.monotonic().millis());
    await().until(() -> transport.closed().isPresent());
    String hint = transport.closed().orElseThrow().reason().replace("retry_after_ms=", "");
    assertThat(transport.frames())
        .last()
        .isEqualTo(
            "{\"type\": \"bye\", \"bye\": true, \"total\": 1, \"retry_after_ms\": "
                + hint
                + ", \"close_in_ms\": 0}");
  }

  private Future<DrainReport> drain() {
    return CompletableFuture.supplyAsync(hub::drain);
  }

  @Test
  void brokenMetricsDoNotBreakChat() {
    ChatMetrics broken =
        new ChatMetrics() {
          @Override
          public void received() {
            throw new IllegalStateException("broken");
          }

          @Override
          public void acknowledged(long nanos) {
            throw new IllegalStateException("broken");
          }
        };
    try (ChatHub chat =
        new ChatHub(
            memory,
            broken,
            ChatSettings.defaults(),
            clock,
            clock.monotonic(),
            MessageListener.NONE)) {
      chat.start();
      chat.connect(transport, id, Subprotocol.PLAIN).onText("a");
      assertThat(transport.counts()).containsExactly(1L);
    }
  }

  @Test
  void theEndOfAConnectionHasACountOnlyIfItsSessionWasOpened() {
    hub.start();
    slow.setDown(true);
    waiting.connect(transport, id, Subprotocol.PLAIN).onClose(1006);
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    session.onText("a");
    session.onClose(1000);
    assertThat(transport.countsAtTheEnd())
        .containsExactly(OptionalLong.empty(), OptionalLong.of(1));
  }

  @Test
  void aStoreThatNeverAnsweredMakesTheHubUnready() {
    slow.setDown(true);
    assertThat(waiting.readiness()).isEqualTo(new Readiness(false, "starting"));
    waiting.start();
    await().until(() -> slow.refusals() > 0);
    clock.advance(Duration.ofSeconds(5));
    assertThat(waiting.readiness()).isEqualTo(new Readiness(false, "store_unavailable"));
    slow.setDown(false);
    await().until(() -> waiting.readiness().ready());
  }
}
