package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RunningServer;
import dev.tally.server.SharedMemory;
import dev.tally.server.client.TimersByHand.Timer;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The client against a real server, over a network that fails. */
class ChatClientTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /**
   * Longer than a server on a busy machine is silent. Two of them are shorter than the patience: if
   * java.net.http misses a cut right behind a message ({@link Connection#expectPongs}), the client
   * finds it one interval after its ping.
   */
  private static final Duration PING_INTERVAL = Duration.ofSeconds(30);

  /** Before the first retries; shorter than the ping interval. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();

  @Test
  void comesBackOnceIfItsOwnAttemptTookTheSessionLate() throws Exception {
    try (RunningServer server = new RunningServer();
        Relay relay = new Relay(server.port());
        ChatClient client = client(relay.port(), Optional.empty(), events)) {
      client.start();
      String id = next(events);
      client.send("a");
      assertThat(next(events)).isEqualTo("1");

      CompletableFuture<Void> late = relay.cutNextAtItsRequest();
      relay.cut();
      assertThat(next(events)).as("resumed by the attempt after the one cut").isEqualTo(id);
      late.complete(null);
      assertThat(next(events)).as("resumed from the late attempt").isEqualTo(id);
      client.send("b");
      assertThat(next(events)).isEqualTo("2");

      takeOver(server, id);
      assertThat(outcome(client).failure().orElse("none")).contains("4001");
    }
  }

  @Test
  void comesBackIfTheServerThatTookTheSessionDiesBeforeItsWelcome() throws Exception {
    SharedMemory store = new SharedMemory();
    TimersByHand timers = new TimersByHand();
    try (RunningServer blue = new RunningServer(store);
        RunningServer green = new RunningServer(store);
        Relay relay = new Relay(blue.port());
        ChatClient client = client(relay.port(), Optional.empty(), events, timers)) {
      client.start();
      String id = next(events);
      relay.switchTo(green.port());
      relay.cutNextAtItsWelcome();
      relay.say("{\"type\": \"bye\", \"bye\": true, \"total\": 0, \"retry_after_ms\": 1}");
      Timer unused = timers.fire(timers.next(LONGEST_PAUSE));
      Timer afterGreenDied = timers.next(LONGEST_PAUSE);
      client.send("a");
      assertThat(nextEnd()).contains("4001");
      TimersByHand.awaitCancelled(afterGreenDied);
      unused = timers.fire(timers.next(LONGEST_PAUSE));

      assertThat(next(events)).as("resumed although blue closed with 4001").isEqualTo(id);
      assertThat(next(events)).isEqualTo("1");
    }
  }

  @Test
  void staysAwayIfAnotherClientTookTheSession() throws Exception {
    try (RunningServer server = new RunningServer();
        ChatClient client = client(server.port(), Optional.empty(), events)) {
      client.start();

      takeOver(server, next(events));

      assertThat(outcome(client).failure().orElse("none")).contains("4001");
    }
  }

  @Test
  void goesOnWithAnotherServerWhenItsOwnOneDrains() throws Exception {
    SharedMemory store = new SharedMemory();
    try (RunningServer blue = new RunningServer(store);
        RunningServer green = new RunningServer(store);
        Relay relay = new Relay(blue.port());
        ChatClient client = client(relay.port(), Optional.empty(), events)) {
      client.start();
      String id = next(events);
      client.send("a");
      assertThat(next(events)).isEqualTo("1");

      relay.switchTo(green.port());
      blue.stop();
      assertThat(next(events)).isEqualTo(id);
      client.send("b");
      assertThat(next(events)).isEqualTo("2");

      client.finish();
      assertThat(outcome(client).isClean()).isTrue();
    }
  }

  @Test
  void comesBackFromAConnectionOnWhichNothingArrivesAnyMore() throws Exception {
    TimersByHand timers = new TimersByHand();
    try (RunningServer server = new RunningServer();
        Relay relay = new Relay(server.port());
        ChatClient client = client(relay.port(), Optional.empty(), events, timers)) {
      client.start();
      String id = next(events);
      relay.freeze();
      client.send("a");
      Timer pong = timers.fire(timers.next(PING_INTERVAL));
      Timer unused = timers.fire(pong);
      unused = timers.fire(timers.next(LONGEST_PAUSE));

      assertThat(next(events)).isEqualTo(id);
      assertThat(next(events)).isEqualTo("1");
    }
  }

  @Test
  void keepsAConnectionOnWhichOnlyPongsArrive() throws Exception {
    TimersByHand timers = new TimersByHand();
    try (RunningServer server = new RunningServer();
        ChatClient client = client(server.port(), Optional.empty(), events, timers)) {
      client.start();
      assertThat(next(events)).isNotEqualTo("nothing");
      for (int i = 0; i < 5; i++) {
        Timer pong = timers.fire(timers.next(PING_INTERVAL));
        TimersByHand.awaitCancelled(pong);
      }
      client.send("a");
      assertThat(next(events)).isEqualTo("1");
      client.finish();

      assertThat(outcome(client).reconnects()).isZero();
    }
  }

  @Test
  void aCountThatBelongsToNoMessageIsADuplicateAndNotCounted() throws Exception {
    try (RunningServer server = new RunningServer();
        Relay relay = new Relay(server.port());
        ChatClient client = client(relay.port(), Optional.empty(), events)) {
      client.start();
      assertThat(next(events)).isNotEqualTo("nothing");
      client.send("a");
      assertThat(next(events)).isEqualTo("1");
      relay.say("{\"count\": 1}");
      client.send("b");
      assertThat(next(events)).isEqualTo("2");
      client.finish();

      assertThat(outcome(client).duplicated()).isEqualTo(1);
      assertThat(notes).contains("unexpected count 1");
    }
  }

  private void takeOver(RunningServer server, String id) throws Exception {
    BlockingQueue<String> others = new LinkedBlockingQueue<>();
    try (ChatClient other = client(server.port(), Optional.of(id), others)) {
      other.start();
      assertThat(next(others)).isEqualTo(id);
    }
  }

  private ChatClient client(int port, Optional<String> id, BlockingQueue<String> told) {
    return client(port, id, told, ChatClient.loop());
  }

  /** It tells the session's id at each welcome, and the counts. */
  private ChatClient client(
      int port, Optional<String> id, BlockingQueue<String> told, ScheduledExecutorService loop) {
    ClientSettings settings =
        new ClientSettings(
            URI.create("ws://127.0.0.1:" + port + "/ws/chat/"),
            id,
            16,
            PATIENCE,
            PATIENCE,
            PATIENCE,
            PING_INTERVAL);
    return new ChatClient(
        settings,
        new Observer() {
          @Override
          public void counted(long number) {
            told.add(Long.toString(number));
          }

          @Override
          public void connected(String sessionId, long count, boolean resumed) {
            told.add(sessionId);
          }

          @Override
          public void note(String text) {
            notes.add(text);
          }
        },
        HttpClient.newHttpClient(),
        loop);
  }

  /** What the client says of the next connection that ends. */
  private String nextEnd() throws InterruptedException {
    String note = next(notes);
    while (!note.startsWith("disconnected") && !note.equals("nothing")) {
      note = next(notes);
    }
    return note;
  }

  private static String next(BlockingQueue<String> events) throws InterruptedException {
    return Optional.ofNullable(events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .orElse("nothing");
  }

  private static ClientReport outcome(ChatClient client) throws Exception {
    return client.outcome().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }
}
