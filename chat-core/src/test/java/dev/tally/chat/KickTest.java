package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An operator closes what a subject, or a session, has open. */
class KickTest {

  private static final Close KICKED = new Close(CloseCode.KICKED, "closed by an operator");

  private final HeldStore store =
      new HeldStore(new InMemorySessionStore(Duration.ofHours(1), 1000, MonotonicClock.system()));
  private final ChatHub hub =
      new ChatHub(store, ChatMetrics.NONE, ChatSettings.defaults(), InstantSource.system());
  private final CapturingTransport one = new CapturingTransport();
  private final CapturingTransport two = new CapturingTransport();
  private final CapturingTransport other = new CapturingTransport();
  private final CapturingTransport anonymous = new CapturingTransport();
  private final SessionId id = SessionId.random();
  private final Subject alice = new Subject("alice");

  @BeforeEach
  void start() {
    hub.start();
  }

  @AfterEach
  void close() {
    hub.close();
  }

  private ChatSession open(CapturingTransport client, SessionId session, Identity identity) {
    ChatSession opened = hub.connect(client, session, Subprotocol.TALLY_V1, identity);
    await().until(() -> !client.frames().isEmpty());
    return opened;
  }

  @Test
  void everyConnectionOfTheSubjectIsClosedAndNoOther() {
    open(one, id, Identity.of("alice"));
    open(two, SessionId.random(), Identity.of("alice"));
    open(other, id, Identity.of("alice "));
    open(anonymous, id, Identity.ANONYMOUS);

    assertThat(hub.kick(alice)).isEqualTo(2);

    assertThat(one.closed()).contains(KICKED);
    assertThat(two.closed()).contains(KICKED);
    assertThat(other.closed()).isEmpty();
    assertThat(anonymous.closed()).isEmpty();
    assertThat(hub.kick(alice)).as("again").isZero();
  }

  @Test
  void sessionIsClosedByTheNameThatTheServerHasForIt() {
    ChatSession session = open(one, id, Identity.of("alice"));
    open(anonymous, id, Identity.ANONYMOUS);

    assertThat(hub.kick(session.key())).isEqualTo(1);
    assertThat(one.closed()).contains(KICKED);
    assertThat(anonymous.closed()).isEmpty();

    assertThat(hub.kick(id)).isEqualTo(1);
    assertThat(anonymous.closed()).contains(KICKED);
  }

  @Test
  void connectionThatStillWaitsForTheStoreIsClosedToo() {
    store.holdOpens(true);
    ChatSession session = hub.connect(one, id, Subprotocol.TALLY_V1, Identity.of("alice"));
    store.awaitFlying();

    assertThat(hub.kick(alice)).isEqualTo(1);

    assertThat(one.closed()).contains(KICKED);
    store.holdOpens(false);
    store.answer();
    session.onClose(CloseCode.KICKED.code());
    assertThat(one.frames()).isEmpty();
  }

  @Test
  void whatIsAcknowledgedStaysCounted() {
    ChatSession session = open(one, id, Identity.of("alice"));
    session.onText("a message");
    await().until(() -> !one.counts().isEmpty());

    hub.kick(alice);
    session.onText("behind the close");
    session.onClose(CloseCode.KICKED.code());

    open(two, id, Identity.of("alice"));
    assertThat(two.frames().get(0)).contains("\"resumed\": true, \"count\": 1");
    assertThat(two.closed()).isEqualTo(Optional.empty());
  }
}
