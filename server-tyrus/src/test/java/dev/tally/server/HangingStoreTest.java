package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.ChatSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A store that does not answer holds up what needs it, and nothing else. */
class HangingStoreTest {

  /** Each selector has several of them. */
  private static final int CLIENTS = 4 * Runtime.getRuntime().availableProcessors();

  private final HangingStore store = new HangingStore();

  @Test
  void noSelectorThreadWaitsForIt() throws Exception {
    List<RawClient> clients = new ArrayList<>();
    ChatSettings patient = ChatSettings.builder().openTimeout(Duration.ofMinutes(5)).build();
    try (RunningServer server =
            new RunningServer(new RunningServer.Limits().settings(0), patient, store);
        RawClient older = RawClient.open(server.port())) {
      older.text("one");
      older.expectCount(1);
      store.hang();
      try {
        older.text("two");
        for (int i = 0; i < CLIENTS; i++) {
          RawClient client = RawClient.open(server.port());
          clients.add(client);
          client.send(Frames.of("text:one ping:x"));
        }
        older.send(Frames.of("ping:x"));
        assertThat(older.next()).hasToString("pong:x");
        for (RawClient client : clients) {
          assertThat(client.next()).hasToString("pong:x");
        }
      } finally {
        store.goOn();
      }
      older.expectCount(2);
      for (RawClient client : clients) {
        client.expectCount(1);
        client.close();
      }
    }
  }

  @Test
  void aServerIsNotReadyBeforeItsStoreHasAnswered() throws Exception {
    store.hang();
    try (RunningServer server = new RunningServer(store);
        RawClient client = RawClient.open(server.port())) {
      try {
        client.send(Frames.of("text:one ping:x"));
        assertThat(client.next()).hasToString("pong:x");
        assertThat(server.server().hub().readiness().ready()).isFalse();
      } finally {
        store.goOn();
      }
      client.expectCount(1);
      Await.until(() -> server.server().hub().readiness().ready());
    }
  }
}
