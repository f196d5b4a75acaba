package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.ForwardingStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session belongs to the subject that opened it. */
class OwnershipTest {

  private static final Identity ALICE = Identity.of("alice");
  private static final Identity BOB = Identity.of("bob");

  private final List<Commit> commits = Collections.synchronizedList(new ArrayList<>());
  private final List<SessionId> heard = Collections.synchronizedList(new ArrayList<>());
  private final SessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 1000, MonotonicClock.system());
  private final HeldStore held =
      new HeldStore(
          new ForwardingStore(memory) {
            @Override
            public CommitResult commit(Commit commit) {
              commits.add(commit);
              return super.commit(commit);
            }
          });
  private final ChatHub hub =
      new ChatHub(
          held,
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          InstantSource.system(),
          (session, number, text) -> heard.add(session));
  private final CapturingTransport first = new CapturingTransport();
  private final CapturingTransport second = new CapturingTransport();
  private final SessionId id = SessionId.random();

  @BeforeEach
  void start() {
    hub.start();
  }

  @AfterEach
  void close() {
    hub.close();
  }

  private ChatSession counted(CapturingTransport client, Identity identity, long upTo) {
    ChatSession session = hub.connect(client, id, Subprotocol.TALLY_V1, identity);
    session.onText("a message");
    await().until(() -> client.counts().contains(upTo));
    return session;
  }

  @Test
  void anotherSubjectWithTheSameIdHasASessionOfItsOwn() {
    counted(first, ALICE, 1);
    counted(second, BOB, 1);

    assertThat(second.frames().get(0)).contains("\"resumed\": false, \"count\": 0");
    assertThat(first.closed()).as("nobody took its session").isEmpty();
  }

  @Test
  void clientWithoutATokenCannotResumeASessionOfASubject() {
    ChatSession session = counted(first, ALICE, 1);

    counted(second, Identity.ANONYMOUS, 1);
    CapturingTransport third = new CapturingTransport();
    hub.connect(third, session.key(), Subprotocol.TALLY_V1, BOB);

    assertThat(first.closed()).isEmpty();
    await().until(() -> !third.frames().isEmpty());
    assertThat(third.frames().get(0)).contains("\"resumed\": false, \"count\": 0");
  }

  @Test
  void subjectResumesItsSessionUnderTheIdThatItKnows() {
    counted(first, ALICE, 1);
    counted(second, Identity.of("alice"), 2);

    assertThat(second.frames().get(0))
        .contains("\"session_id\": \"" + id.text() + "\", \"resumed\": true, \"count\": 1");
    assertThat(first.closed()).contains(new Close(CloseCode.SUPERSEDED, "superseded"));
  }

  @Test
  void connectionsOfTwoSubjectsThatWaitForTheStoreAreBothOpened() {
    held.holdOpens(true);
    hub.connect(first, id, Subprotocol.TALLY_V1, ALICE);
    held.awaitFlying();
    hub.connect(second, id, Subprotocol.TALLY_V1, BOB);
    held.holdOpens(false);
    held.answer();

    await().until(() -> !first.frames().isEmpty() && !second.frames().isEmpty());
    assertThat(first.closed()).isEmpty();
    assertThat(second.closed()).isEmpty();
  }

  @Test
  void listenersAndPushesNameTheSessionByItsKey() {
    ChatSession session = counted(first, ALICE, 1);
    counted(second, BOB, 1);

    await().until(() -> heard.size() == 2);
    assertThat(heard)
        .containsExactly(id.ownedBy(new Subject("alice")), id.ownedBy(new Subject("bob")));
    assertThat(session.id()).isEqualTo(id);
    assertThat(session.key()).isEqualTo(heard.get(0));
    assertThat(hub.push(heard.get(0), "{\"type\": \"for Alice\"}")).isTrue();
    assertThat(hub.push(id, "{\"type\": \"for nobody\"}")).isFalse();
    assertThat(first.frames()).contains("{\"type\": \"for Alice\"}");
    assertThat(second.frames()).noneMatch(frame -> frame.contains("for "));
  }

  @Test
  void commitsSayWhoseSessionTheyAreOf() {
    counted(first, ALICE, 1);
    counted(second, Identity.ANONYMOUS, 1);

    assertThat(commits.get(0).subject()).contains(new Subject("alice"));
    assertThat(commits.get(0).lease().sessionId()).isEqualTo(id.ownedBy(new Subject("alice")));
    assertThat(commits.get(1).subject()).isEqualTo(Optional.empty());
    assertThat(commits.get(1).lease().sessionId()).isEqualTo(id);
  }

  @ParameterizedTest
  @EnumSource(Subprotocol.class)
  void clientThatIsNotAuthenticatedIsServedAsBefore(Subprotocol subprotocol) {
    ChatSession session = hub.connect(first, id, subprotocol);
    session.onText("a message");

    await().until(() -> first.counts().equals(List.of(1L)));
    assertThat(session.key()).isSameAs(session.id()).isSameAs(id);
  }
}
