package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.ChatSettings;
import dev.tally.chat.DrainReport;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.testing.MutableClock;
import dev.tally.server.RawClient.Frame;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DrainTest {

  @Test
  void saysByeToEverybodyAndClosesWith1001() throws Exception {
    try (RunningServer server = new RunningServer();
        RawClient first = RawClient.open(server.port());
        RawClient second = RawClient.open(server.port())) {
      first.text("one");
      assertThat(first.next().text()).isEqualTo("{\"count\": 1}");
      CompletableFuture<DrainReport> stop =
          CompletableFuture.supplyAsync(() -> server.server().stop());

      for (RawClient client : new RawClient[] {first, second}) {
        int total = client == first ? 1 : 0;
        assertThat(client.next().text()).isEqualTo("{\"bye\": true, \"total\": " + total + "}");
        answerClose(client);
      }
      DrainReport report = stop.get();
      assertThat(report.closed()).isEqualTo(2);
      assertThat(report.abandoned()).isZero();
      assertThat(server.events).contains("closed 1001").doesNotContain("closed 1006");
    }
  }

  @Test
  void leavesTimeForTheLastCloseFramesHoweverShortTheTimeout() throws Exception {
    MutableClock clock = new MutableClock();
    Duration timeout = Duration.ofSeconds(1);
    ChatServer server = drainingWithin(timeout, RunningServer.memory(), clock);
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        RawClient client = RawClient.openTallyV1(server.port());
        assertThat(client.next().text()).startsWith("{\"type\": \"welcome\"");
        clients.add(client);
      }
      CompletableFuture<DrainReport> stop = CompletableFuture.supplyAsync(server::stop);
      for (RawClient client : clients) {
        assertThat(client.next().text()).startsWith("{\"type\": \"bye\"");
      }
      // All that the hub may use, so that everybody is closed now; time then stands still.
      clock.advance(timeout.multipliedBy(95).dividedBy(100));
      for (RawClient client : clients) {
        answerClose(client);
      }
      assertThat(stop.get().abandoned()).isEqualTo(clients.size());
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void endsWithinTheTimeoutThoughNeitherClientNorStoreAnswers() throws Exception {
    MutableClock clock = new MutableClock();
    Duration timeout = Duration.ofSeconds(10);
    HangingStore store = new HangingStore();
    ChatServer server = drainingWithin(timeout, store, clock);
    try (RawClient client = RawClient.openTallyV1(server.port())) {
      assertThat(client.next().text()).startsWith("{\"type\": \"welcome\"");
      store.hang();
      client.send(Frames.of("text:never.stored ping:x"));
      assertThat(client.next()).hasToString("pong:x");
      CompletableFuture<DrainReport> stop = CompletableFuture.supplyAsync(server::stop);
      assertThat(client.next().text()).startsWith("{\"type\": \"bye\"");

      clock.advance(timeout);
      DrainReport report = stop.get(120, TimeUnit.SECONDS);
      assertThat(report.abandoned()).isEqualTo(1);
      assertThat(report.unacknowledged()).isEqualTo(1);
    }
  }

  @Test
  void takesNewClientsUntilTheDelayForTheBalancerIsOver() throws Exception {
    MutableClock clock = new MutableClock();
    Duration delay = Duration.ofSeconds(5);
    ChatServerSettings defaults = ChatServerSettings.defaults("127.0.0.1", 0);
    ChatServer server =
        new ChatServer(
            new ChatServerSettings(
                defaults.webSocket(),
                "blue",
                "1.2.3",
                "5f3a21c4",
                "127.0.0.1:8001",
                delay,
                Optional.empty()),
            ChatSettings.defaults(),
            RunningServer.memory(),
            ChatMetrics.NONE,
            clock,
            clock.monotonic());
    server.start();
    CompletableFuture<DrainReport> stop = CompletableFuture.supplyAsync(server::stop);
    Await.until(() -> !server.hub().readiness().ready());
    try (RawClient late = RawClient.open(server.port())) {
      late.text("one");
      late.expectCount(1);
      clock.advance(delay);
      assertThat(late.next().text()).isEqualTo("{\"bye\": true, \"total\": 1}");
      answerClose(late);
    }
    assertThat(stop.get().closed()).isEqualTo(1);
  }

  private static ChatServer drainingWithin(Duration timeout, SessionStore store, MutableClock clock)
      throws IOException {
    ChatServer server =
        new ChatServer(
            ChatServerSettings.defaults("127.0.0.1", 0),
            ChatSettings.builder().drainTimeout(timeout).build(),
            store,
            ChatMetrics.NONE,
            clock,
            clock.monotonic());
    server.start();
    return server;
  }

  private static void answerClose(RawClient client) throws IOException {
    Frame close = client.next();
    assertThat(close.closeCode()).isEqualTo(1001);
    assertThat(close.closeReason()).startsWith("retry_after_ms=");
    client.send(RawClient.frame(RawClient.CLOSE, close.payload()));
    assertThat(client.atEnd()).isTrue();
  }
}
