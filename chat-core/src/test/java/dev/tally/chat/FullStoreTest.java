package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What clients, operators and balancers are told of a store without room, and when room is made.
 */
class FullStoreTest {

  private static final Duration TTL = Duration.ofHours(1);
  private static final Duration UNUSED_TTL = Duration.ofMinutes(1);
  private static final Duration GRACE = ChatSettings.defaults().storeGrace();
  private static final String ERROR =
      "{\"type\": \"error\", \"code\": \"store_unavailable\", \"retry_after_ms\": ";

  private final MutableClock clock = new MutableClock();
  private final InMemorySessionStore memory =
      new InMemorySessionStore(TTL, UNUSED_TTL, 2, clock.monotonic());
  private final FaultyStore remote =
      new FaultyStore(new InMemorySessionStore(TTL, UNUSED_TTL, 100, clock.monotonic()));
  private final List<String> errors = new CopyOnWriteArrayList<>();
  private final CapturingTransport transport = new CapturingTransport();
  private final ChatHub hub = hub(memory);
  private final ChatHub waiting = hub(remote);

  @AfterEach
  void close() {
    hub.close();
    waiting.close();
  }

  @Test
  void aClientThatAFullStoreTurnsAwayIsToldSo() {
    hub.start();
    connect(hub, new CapturingTransport());
    connect(hub, new CapturingTransport());

    connect(hub, transport);

    assertThat(transport.frames())
        .singleElement()
        .asString()
        .startsWith(ERROR)
        .endsWith("\"detail\": \"the session store is full\"}");
    assertThat(transport.closed().map(Close::code)).contains(CloseCode.TRY_AGAIN_LATER);
    assertThat(errors).containsExactly("store_full");
  }

  @Test
  void aClientThatWaitedForAFullStoreIsToldSo() {
    remote.setFull(true);
    waiting.start();
    await().until(waiting.statistics()::storeFull);
    connect(waiting, transport);
    await().until(() -> errors.contains("store_full"));

    clock.advance(Duration.ofSeconds(6));
    waiting.sweep();

    assertThat(transport.frames()).last().asString().contains("the session store is full");
    assertThat(errors).doesNotContain("store_unavailable");
  }

  @Test
  void aFullStoreMakesTheHubUnreadyAfterTheGraceUntilThereIsRoom() {
    waiting.start();
    await().until(() -> waiting.readiness().ready());
    remote.setFull(true);
    await().until(waiting.statistics()::storeFull);
    assertThat(waiting.readiness().ready()).isTrue();
    assertThat(waiting.statistics().storeUp()).isTrue();

    clock.advance(GRACE);
    assertThat(waiting.readiness()).isEqualTo(new Readiness(false, "store_full"));
    remote.setFull(false);
    await().until(() -> waiting.readiness().ready());
  }

  @Test
  void aSessionThatIsNotUsedStaysWhileItIsConnectedAndNotMuchLonger() {
    hub.start();
    SessionId id = SessionId.random();
    ChatSession session = hub.connect(transport, id, Subprotocol.PLAIN);
    for (Duration time = Duration.ZERO; time.compareTo(TTL) < 0; time = time.plusSeconds(20)) {
      clock.advance(Duration.ofSeconds(20));
      hub.sweep();
    }
    assertThat(memory.size()).isEqualTo(1);
    session.onClose(1000);
    clock.advance(UNUSED_TTL.minusSeconds(1));
    ChatSession again = hub.connect(new CapturingTransport(), id, Subprotocol.PLAIN);
    again.onClose(1000);
    clock.advance(UNUSED_TTL);

    assertThat(memory.open(id).resumed()).isFalse();
  }

  private ChatHub hub(SessionStore store) {
    ChatMetrics metrics =
        new ChatMetrics() {
          @Override
          public void error(String kind) {
            errors.add(kind);
          }
        };
    return new ChatHub(
        store, metrics, ChatSettings.defaults(), clock, clock.monotonic(), MessageListener.NONE);
  }

  private static void connect(ChatHub hub, CapturingTransport transport) {
    ChatSession unused = hub.connect(transport, SessionId.random(), Subprotocol.TALLY_V1);
  }
}
