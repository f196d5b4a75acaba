package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that flood, vanish, never read or never speak; and that nobody else suffers from them.
 */
class HostileClientsTest {

  @ParameterizedTest
  @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "\u0016\u0003\u0001", "\r\n\r\n", "{}"})
  void closesWith1002AtGarbage(String garbage) throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = RawClient.open(server.port())) {
      client.send(garbage.getBytes(UTF_8));
      client.expectClose(1002, "");
      assertThat(server.events).contains("error protocol");
    }
  }

  @Test
  void answersAFloodOfPings() throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = RawClient.open(server.port())) {
      for (int i = 0; i < 1000; i++) {
        client.send(Frames.of("ping:" + i));
      }
      for (int i = 0; i < 1000; i++) {
        assertThat(client.next()).hasToString("pong:" + i);
      }
      client.text("and counts");
      client.expectCount(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ping:", "ping:with.some.text", "pong:", "more:..", "more:a.."})
  void closesWith1008AtAFloodOfFramesWithoutAMessage(String frame) throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withSmallFrames(10));
        RawClient client = RawClient.open(server.port());
        RawClient other = RawClient.open(server.port())) {
      if (frame.startsWith("more")) {
        client.send(Frames.of("text:.."));
      }
      client.send(Frames.of((frame + " ").repeat(300).strip()));
      RawClient.Frame answer = client.next();
      while (answer.opcode() == RawClient.PONG) {
        answer = client.next();
      }
      assertThat(answer).hasToString("close:1008");
      assertThat(answer.closeReason()).contains("too many pings");
      assertThat(server.events).contains("error rate_limited");
      other.text("unharmed");
      other.expectCount(1);
    }
  }

  @Test
  void takesManyFragmentsOfSomeLength() throws IOException {
    try (RunningServer server = new RunningServer(l -> l.withSmallFrames(1));
        RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[64]));
      for (int i = 0; i < 500; i++) {
        client.send(RawClient.fragment(RawClient.CONTINUATION, new byte[64]));
      }
      client.send(Frames.of("more:end"));
      client.expectCount(1);
    }
  }

  @Test
  void answersAClientThatHasClosedItsHalf() throws Exception {
    try (RunningServer server = new RunningServer();
        RawClient half = RawClient.open(server.port())) {
      half.text("counted");
      half.socket.shutdownOutput();
      half.expectCount(1);
      assertThat(half.atEnd()).isTrue();
      Await.until(() -> server.events.contains("closed 1006"));
      assertThat(server.server().hub().statistics().connections()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text:whole", "text:half..", "ping:x", "close:1000", "more:violation"})
  void takesNoteOfAReset(String before) throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withConnections(1, 0))) {
      RawClient client = RawClient.open(server.port());
      client.send(Frames.of(before));
      client.reset();

      Await.until(server::accepts);
      Await.until(() -> server.server().hub().statistics().connections() == 0);
      assertThat(server.events).doesNotContain("error internal");
    }
  }

  @Test
  void pingsASilentClientAndGivesItUpIfNothingComesBack() throws Exception {
    try (RunningServer impatient =
            new RunningServer(l -> l.withTimes(Duration.ofSeconds(5), Duration.ofMillis(400)));
        RawClient client = RawClient.open(impatient.port())) {
      assertThat(client.next()).hasToString("ping:");
      assertThat(client.atEnd()).isTrue();
      Await.until(() -> impatient.events.containsAll(List.of("error dead_peer", "closed 1006")));
      assertThat(impatient.events).containsOnlyOnce("error dead_peer");
    }
  }

  @Test
  void givesUpAClientThatOnlyPings() throws Exception {
    try (RunningServer impatient =
            new RunningServer(l -> l.withTimes(Duration.ofSeconds(5), Duration.ofMillis(400)));
        RawClient client = RawClient.open(impatient.port())) {
      while (!impatient.events.contains("error dead_peer")) {
        client.send(Frames.of("ping:"));
        Thread.sleep(5);
      }
    } catch (SocketException e) {
      // Cut off while we were sending.
    }
  }

  @Test
  void keepsASilentClientThatAnswersPings() throws IOException {
    // A client that needs longer than that for its pong is dead.
    Duration heartbeat = Duration.ofSeconds(3);
    try (RunningServer impatient =
            new RunningServer(l -> l.withTimes(Duration.ofMinutes(10), heartbeat));
        RawClient client = RawClient.open(impatient.port())) {
      for (int i = 0; i < 2; i++) {
        assertThat(client.next()).hasToString("ping:");
        client.send(Frames.of("pong:"));
      }
      client.text("still here");
      client.expectCount(1);
    }
  }
}
