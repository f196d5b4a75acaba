package dev.tally.chat;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What clients can make the hub keep while the store, held by the test, does not answer. */
class PendingBudgetTest {

  private static final int LIMIT = 1 << 20;
  private static final String LARGE = "x".repeat(8 << 10);

  private final MutableClock clock = new MutableClock();
  private final InMemorySessionStore memory =
      new InMemorySessionStore(Duration.ofHours(1), 10_000, clock.monotonic());
  private final HeldStore store = new HeldStore(memory);
  private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
  private final ChatHub hub = hub((session, number, text) -> seen.add(number + " " + text));

  private record Client(ChatSession session, CapturingTransport transport) {
    boolean isThere() {
      return transport.closed().isEmpty();
    }

    void awaitCounts(long most) {
      List<Long> all = LongStream.rangeClosed(1, most).boxed().toList();
      await().until(() -> transport.counts().equals(all));
    }
  }

  private ChatHub hub(MessageListener listener) {
    ChatSettings settings = ChatSettings.builder().maxPendingBytes(LIMIT).build();
    ChatHub hub =
        new ChatHub(store, ChatMetrics.NONE, settings, clock, clock.monotonic(), listener);
    hub.start();
    return hub;
  }

  @AfterEach
  void close() {
    hub.close();
  }

  private Client connect() {
    return connect(hub, SessionId.random());
  }

  private static Client connect(ChatHub hub, SessionId id) {
    CapturingTransport transport = new CapturingTransport();
    Client client = new Client(hub.connect(transport, id, Subprotocol.TALLY_V1), transport);
    await().until(() -> !transport.frames().isEmpty());
    return client;
  }

  private List<Client> connect(int clients) {
    List<Client> all = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      CapturingTransport transport = new CapturingTransport();
      all.add(
          new Client(hub.connect(transport, SessionId.random(), Subprotocol.TALLY_V1), transport));
    }
    await().until(() -> all.stream().noneMatch(client -> client.transport().frames().isEmpty()));
    return all;
  }

  /** One batch flies and is not answered; what comes now waits. */
  private Client hold() {
    Client first = connect();
    store.holdCommits(true);
    first.session().onText("first");
    store.awaitFlying();
    return first;
  }

  @Test
  void greedyClientsAreSentAwayAndTheOthersNoticeNothing() {
    List<Client> greedy = connect(47);
    List<Client> honest = connect(20);
    hold();
    for (int i = 0; i < 1024; i++) {
      greedy.forEach(client -> client.session().onText(LARGE));
      if (i % 100 == 0) {
        honest.forEach(client -> client.session().onText("a short message"));
      }
    }
    assertThat(honest).allMatch(Client::isThere);
    assertThat(greedy).noneMatch(Client::isThere);
    assertThat(hub.statistics().pendingBytes()).isLessThanOrEqualTo(LIMIT);
    store.holdCommits(false);
    store.answer();
    honest.forEach(client -> client.awaitCounts(11));
  }

  @Test
  void nobodyTakesMoreThanASixteenthOfIt() {
    Client client = connect();
    hold();
    for (int i = 0; i < 7; i++) {
      client.session().onText(LARGE);
    }
    assertThat(client.isThere()).isTrue();
    client.session().onText(LARGE);
    assertThat(client.transport().closed()).map(Close::code).contains(CloseCode.TRY_AGAIN_LATER);
  }

  @Test
  void oneMessageMayBeLargerThanTheShare() {
    Client client = connect();
    hold();
    client.session().onText("x".repeat(LIMIT / 2));
    assertThat(client.isThere()).isTrue();
  }

  @Test
  void whatNobodyIsToSeeIsNeitherKeptNorCharged() {
    try (ChatHub unheard = hub(MessageListener.NONE)) {
      Client client = connect(unheard, SessionId.random());
      store.holdCommits(true);
      for (int i = 0; i < 100; i++) {
        client.session().onText(LARGE);
      }
      assertThat(client.isThere()).isTrue();
      assertThat(unheard.statistics().pendingBytes()).isEqualTo(100 * PendingMessages.UPKEEP_BYTES);
      store.holdCommits(false);
      store.answer();
      client.awaitCounts(100);
    }
  }

  @Test
  void theLargestGoesThoughItIsAnotherThatFindsNoRoom() {
    List<Client> clients = connect(16);
    hold();
    for (Client client : clients) {
      for (int i = 0; i < 7; i++) {
        client.session().onText(LARGE);
      }
    }
    Client largest = clients.get(7);
    largest.session().onText("x");
    List<Client> others = connect(15);
    for (Client other : others) {
      other.session().onText(LARGE);
    }
    assertThat(largest.isThere()).isFalse();
    assertThat(others).allMatch(Client::isThere);
  }

  @Test
  void whatGaveWayWhileItsCommitFlewIsCountedOnce() {
    SessionId id = SessionId.random();
    Client gone = connect(hub, id);
    store.holdCommits(true);
    gone.session().onText("flies");
    store.awaitFlying();
    gone.session().onText("waits");
    gone.session().makeRoom();
    assertThat(hub.statistics().pendingBytes()).isZero();
    store.holdCommits(false);
    store.answer();
    await().until(() -> hub.statistics().commitQueueDepth() == 0);
    gone.session().onClose(1013);
    assertThat(gone.transport().counts()).isEmpty();
    assertThat(gone.transport().countsAtTheEnd())
        .as("what was dropped here is stored all the same")
        .containsExactly(OptionalLong.of(1));
    assertThat(seen).isEmpty();
    Client back = connect(hub, id);
    assertThat(back.transport().frames().get(0)).contains("\"count\": 1,");
    back.session().onText("waits");
    await().until(() -> back.transport().counts().equals(List.of(2L)));
    assertThat(seen).containsExactly("2 waits");
  }

  @Test
  void connectionsThatEndedLeaveHalfOfTheRoomToTheOthers() {
    List<Client> passing = connect(64);
    hold();
    for (Client client : passing) {
      for (int i = 0; i < 7; i++) {
        client.session().onText(LARGE);
      }
      client.session().onClose(1006);
    }
    assertThat(hub.statistics().pendingBytes())
        .isBetween(LIMIT / 2L - LIMIT / 16L, LIMIT / 2L + LIMIT / 16L);
    store.holdCommits(false);
    store.answer();
    await().until(() -> hub.statistics().pendingBytes() == 0);
  }
}
