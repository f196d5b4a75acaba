package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RunningServer;
import dev.tally.server.SharedMemory;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The client against a real server, over a network that fails. */
class ChatClientTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A server on a slow machine must have the time to answer. */
  private static final Duration PING_INTERVAL = Duration.ofSeconds(3);

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  @Test
  void comesBackOnceIfItsOwnAttemptTookTheSessionLate() throws Exception {
    try (RunningServer server = new RunningServer();
        Relay relay = new Relay(server.port());
        ChatClient client = client(relay.port(), Optional.empty(), Duration.ofSeconds(2), events)) {
      client.start();
      String id = next(events);
      client.send("a");
      assertThat(next(events)).isEqualTo("1");

      CompletableFuture<Void> late = relay.holdNext();
      relay.cut();
      assertThat(next(events)).as("resumed by the attempt after the one held").isEqualTo(id);
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
    try (RunningServer blue = new RunningServer(store);
        RunningServer green = new RunningServer(store);
        Relay relay = new Relay(blue.port());
        ChatClient client = client(relay.port(), Optional.empty(), PATIENCE, events)) {
      client.start();
      String id = next(events);
      relay.switchTo(green.port());
      CompletableFuture<Void> died = relay.cutNextAtItsWelcome();
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(blue::stop);
      died.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      client.send("a");

      assertThat(next(events)).as("resumed although blue closed with 4001").isEqualTo(id);
      assertThat(next(events)).isEqualTo("1");
      stopped.join();
    }
  }

  @Test
  void staysAwayIfAnotherClientTookTheSession() throws Exception {
    try (RunningServer server = new RunningServer();
        ChatClient client = client(server.port(), Optional.empty(), PATIENCE, events)) {
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
        ChatClient client = client(relay.port(), Optional.empty(), PATIENCE, events)) {
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
    try (RunningServer server = new RunningServer();
        Relay relay = new Relay(server.port());
        ChatClient client = client(relay.port(), Optional.empty(), PATIENCE, events)) {
      client.start();
      String id = next(events);
      relay.freeze();
      client.send("a");

      assertThat(next(events)).isEqualTo(id);
      assertThat(next(events)).isEqualTo("1");
    }
  }

  private static void takeOver(RunningServer server, String id) throws Exception {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    try (ChatClient other = client(server.port(), Optional.of(id), PATIENCE, events)) {
      other.start();
      assertThat(next(events)).isEqualTo(id);
    }
  }

  /** The events are the session's id at each welcome, and the counts. */
  private static ChatClient client(
      int port, Optional<String> id, Duration connectTimeout, BlockingQueue<String> events) {
    ClientSettings settings =
        new ClientSettings(
            URI.create("ws://127.0.0.1:" + port + "/ws/chat/"),
            id,
            16,
            PATIENCE,
            connectTimeout,
            PATIENCE,
            PING_INTERVAL);
    return new ChatClient(
        settings,
        new Observer() {
          @Override
          public void counted(long number) {
            events.add(Long.toString(number));
          }

          @Override
          public void connected(String sessionId, long count, boolean resumed) {
            events.add(sessionId);
          }
        });
  }

  private static String next(BlockingQueue<String> events) throws InterruptedException {
    return Optional.ofNullable(events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .orElse("nothing");
  }

  private static Outcome outcome(ChatClient client) throws Exception {
    return client.outcome().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }
}
