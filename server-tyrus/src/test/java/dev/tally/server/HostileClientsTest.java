package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
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

  @Test
  void closesWith1008AboveTheMessageRate() throws IOException {
    try (RunningServer limited = new RunningServer(l -> l.withRate(1, 3));
        RawClient client = RawClient.open(limited.port())) {
      client.send(Frames.of("text:x ".repeat(100).strip()));
      for (int i = 1; i <= 3; i++) {
        client.expectCount(i);
      }
      // One more may be sent with each second that the server took so far.
      Frame next = client.next();
      for (int i = 4; next.opcode() == RawClient.TEXT; i++) {
        assertThat(next).hasToString("count:" + i);
        next = client.next();
      }
      assertThat(next).hasToString("close:1008");
      assertThat(next.closeReason()).contains("rate limit");
      assertThat(client.atEnd()).isTrue();
      assertThat(limited.events).contains("error rate_limited");
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

  @Test
  void saysHowMuchWaitsForReaders() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withOutboundBytes(1 << 30))) {
      try (RawClient deaf = RawClient.open(server.port())) {
        byte[] pings = Frames.of(("ping:" + "x".repeat(125) + " ").repeat(100).strip());
        while (server.server().outboundBytes() == 0) {
          deaf.send(pings);
        }
      }
      Await.until(() -> server.server().outboundBytes() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {RawClient.PING, RawClient.TEXT})
  void cutsOffAReaderThatNeverReadsAndHarmsNobodyElse(int opcode) throws Exception {
    try (RunningServer bounded = new RunningServer(l -> l.withOutboundBytes(32_768));
        RawClient other = RawClient.open(bounded.port());
        RawClient deaf = RawClient.open(bounded.port())) {
      byte[] one = RawClient.frame(opcode, new byte[opcode == RawClient.PING ? 125 : 0]);
      byte[] flood = new byte[0];
      while (flood.length < 8192) {
        flood = RawClient.concat(flood, one);
      }
      long most = 0;
      try {
        while (!bounded.events.contains("error slow_consumer")) {
          deaf.send(flood);
          most = Math.max(most, bounded.server().outboundBytes());
        }
      } catch (SocketException e) {
        // Cut off while we were sending.
      }
      Await.until(() -> bounded.events.contains("closed 1006"));
      assertThat(bounded.events).containsOnlyOnce("error slow_consumer");
      assertThat(most).isLessThanOrEqualTo(2 * 32_768);
      other.text("fine");
      other.expectCount(1);
    }
  }
}
