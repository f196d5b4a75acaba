package dev.tally.embedding;

import static dev.tally.chat.testing.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way of embedding Tally, started and talked to. */
class EmbeddingTest {

  private static final String ID = "123e4567-e89b-42d3-a456-426614174003";

  private static InMemorySessionStore memory() {
    return new InMemorySessionStore(Duration.ofHours(1), 1000, MonotonicClock.system());
  }

  private static ChatHub hub() {
    return new ChatHub(memory(), ChatMetrics.NONE, ChatSettings.defaults(), InstantSource.system());
  }

  @Test
  void aHubNeedsNoServer() {
    List<String> printed = new ArrayList<>();
    HelloHub.run(printed::add);
    assertThat(printed)
        .containsExactly("{\"count\": 1}", "{\"bye\": true, \"total\": 1}", "close 1001");
  }

  @Test
  void undertowCountsResumesAndDrains() {
    JdkClient left;
    try (UndertowServer server = new UndertowServer(hub(), 0)) {
      server.start();
      countsAndResumes(server.port());
      refusesABinaryMessage(server.port());
      assertThatThrownBy(() -> JdkClient.open(server.port(), "?session_id=42", ""))
          .isInstanceOf(CompletionException.class)
          .hasStackTraceContaining("400");
      left = countedOne(server.port());
    }
    saidByeTo(left);
  }

  @Test
  void tomcatCountsResumesAndDrains(@TempDir Path directory) throws Exception {
    JdkClient left;
    try (TomcatServer server = new TomcatServer(hub(), 0, directory)) {
      server.start();
      countsAndResumes(server.port());
      refusesABinaryMessage(server.port());
      left = countedOne(server.port());
    }
    saidByeTo(left);
  }

  @Test
  void tomcatGivesEachUserItsOwnSession(@TempDir Path directory) throws Exception {
    try (TomcatServer server = new TomcatServer(hub(), 0, directory)) {
      server.start();
      String resume = "?session_id=" + ID;
      JdkClient alice = JdkClient.open(server.port(), resume, "tally.v1", "alice", "wonderland");
      alice.send("one");
      alice.awaitTexts(welcome(false, 0), "{\"count\": 1}");
      JdkClient mallory = JdkClient.open(server.port(), resume, "tally.v1", "mallory", "malice");
      JdkClient nobody = JdkClient.open(server.port(), resume, "tally.v1");
      mallory.awaitTexts(welcome(false, 0));
      nobody.awaitTexts(welcome(false, 0));
      JdkClient again = JdkClient.open(server.port(), resume, "tally.v1", "alice", "wonderland");
      again.awaitTexts(welcome(true, 1));
      await().until(() -> alice.closeCode() == 4001);
      assertThat(mallory.closeCode()).isZero();
      assertThat(nobody.closeCode()).isZero();
    }
  }

  @Test
  void aMessageListenerPushesToTheSession() {
    try (UndertowServer server = new UndertowServer(new Milestones(memory()).hub(), 0)) {
      server.start();
      JdkClient client = JdkClient.open(server.port(), "", "");
      IntStream.rangeClosed(1, 101).forEach(i -> client.send("message " + i));
      await().until(() -> client.texts().size() == 102);
      assertThat(client.texts().subList(99, 102))
          .containsExactly(
              "{\"count\": 100}", "{\"type\": \"milestone\", \"number\": 100}", "{\"count\": 101}");
    }
  }

  private static void countsAndResumes(int port) {
    JdkClient first = JdkClient.open(port, "?session_id=" + ID, "tally.v1");
    first.send("one");
    first.send("zwei, übrigens");
    first.awaitTexts(welcome(false, 0), "{\"count\": 1}", "{\"count\": 2}");
    JdkClient second = JdkClient.open(port, "?session_id=" + ID, "tally.v1");
    second.send("three");
    second.awaitTexts(welcome(true, 2), "{\"count\": 3}");
    await().until(() -> first.closeCode() == 4001);
    second.close();
    await().until(() -> second.closeCode() == 1000);
  }

  private static JdkClient countedOne(int port) {
    JdkClient client = JdkClient.open(port, "", "");
    client.send("one");
    client.awaitTexts("{\"count\": 1}");
    return client;
  }

  private static void saidByeTo(JdkClient client) {
    client.awaitTexts("{\"count\": 1}", "{\"bye\": true, \"total\": 1}");
    await().until(() -> client.closeCode() == 1001);
  }

  private static void refusesABinaryMessage(int port) {
    JdkClient client = JdkClient.open(port, "", "");
    client.send(ByteBuffer.wrap(new byte[] {1}));
    await().until(() -> client.closeCode() == 1003);
    assertThat(client.texts()).isEqualTo(List.of());
  }

  private static String welcome(boolean resumed, long count) {
    return String.format(
        Locale.ROOT,
        "{\"type\": \"welcome\", \"session_id\": \"%s\", \"resumed\": %b, \"count\": %d, \"ttl_s\": 3600, \"heartbeat_s\": 30}",
        ID,
        resumed,
        count);
  }
}
