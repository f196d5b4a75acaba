package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.websocket.BufferBudget;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that do not read what we send: each is bounded, all are, and nobody else suffers. */
class SlowReadersTest {

  private static final int MESSAGES_AT_ONCE = 1000;
  private static final byte[] MESSAGES = Frames.of("text: ".repeat(MESSAGES_AT_ONCE).strip());

  /** Sends messages until the server has replies that it cannot send, or has cut somebody off. */
  private static RawClient deaf(RunningServer server) throws Exception {
    RawClient client = RawClient.open(server.port());
    long before = server.server().outboundBytes();
    while (server.server().outboundBytes() <= before
        && !server.events.contains("error slow_consumer")) {
      send(client, server);
    }
    return client;
  }

  /**
   * Sends messages; nothing is on the way when it returns, unless the server has cut the client.
   */
  private static void send(RawClient client, RunningServer server) throws Exception {
    long before = server.received.get();
    try {
      client.send(MESSAGES);
    } catch (SocketException e) {
      return;
    }
    Await.until(
        () ->
            server.received.get() == before + MESSAGES_AT_ONCE
                || server.events.contains("error slow_consumer"));
  }

  @Test
  void saysHowMuchWaitsForReaders() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withOutboundBytes(1 << 30))) {
      deaf(server).close();
      Await.until(() -> server.server().outboundBytes() == 0);
      Await.until(() -> server.server().buffers().replies().used() == 0);
    }
  }

  @Test
  void cutsOffAReaderThatNeverReadsAndHarmsNobodyElse() throws Exception {
    try (RunningServer bounded = new RunningServer(l -> l.withOutboundBytes(32_768));
        RawClient other = RawClient.open(bounded.port());
        RawClient deaf = deaf(bounded)) {
      while (!bounded.events.contains("error slow_consumer")) {
        send(deaf, bounded);
      }
      Await.until(() -> bounded.events.contains("closed 1006"));
      assertThat(bounded.events).containsOnlyOnce("error slow_consumer");
      assertThat(bounded.server().outboundBytes()).isLessThanOrEqualTo(32_768);
      other.text("fine");
      other.expectCount(1);
    }
  }

  @Test
  void keepsOnlyTheAnswerToTheLatestPing() throws Exception {
    try (RunningServer server =
            new RunningServer(l -> l.withSmallFrames(0).withOutboundBytes(1 << 20));
        RawClient deaf = deaf(server)) {
      long before = server.server().outboundBytes();
      for (int i = 0; i < 50; i++) {
        deaf.send(Frames.of(("ping:" + i + " ").repeat(1000).strip()));
      }
      long received = server.received.get();
      deaf.send(Frames.of("text:last ping:latest"));
      Await.until(() -> server.received.get() > received);
      assertThat(server.server().outboundBytes()).isLessThan(before + 100_000);
      List<String> pongs = new ArrayList<>();
      String frame = deaf.next().toString();
      while (!frame.equals("pong:latest")) {
        if (frame.startsWith("pong")) {
          pongs.add(frame);
        }
        frame = deaf.next().toString();
      }
      // Those that it read before, if any; not 50,000.
      assertThat(pongs).hasSizeLessThan(25_000);
    }
  }

  @Test
  void whatIsChargedIsWhatIsHeld() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withOutboundBytes(1 << 20));
        RawClient deaf = deaf(server)) {
      BufferBudget budget = server.server().buffers().replies();
      while (server.server().outboundBytes() < 100_000) {
        send(deaf, server);
      }
      long waiting = server.server().outboundBytes();
      assertThat(budget.used()).isBetween(waiting, 2 * waiting);
    }
  }

  @Test
  void thoseThatDoNotReadForLongestGiveWayWhenAllTogetherHoldTooMuch() throws Exception {
    // 96 KiB for replies.
    try (RunningServer server = new RunningServer(l -> l.withBufferedBytes(262_144));
        RawClient other = RawClient.open(server.port())) {
      List<RawClient> deaf = new ArrayList<>();
      BufferBudget budget = server.server().buffers().replies();
      for (int i = 1; !server.events.contains("error slow_consumer"); i++) {
        RawClient client = deaf(server);
        deaf.add(client);
        for (int times = 0; times < 3; times++) {
          send(client, server);
        }
        other.text("fine");
        other.expectCount(i);
        assertThat(budget.used()).isLessThanOrEqualTo(budget.limit());
      }
      for (RawClient client : deaf) {
        client.close();
      }
      Await.until(() -> budget.used() == 0);
    }
  }

  @Test
  void cutsOffAClientThatTakesNothingThoughItSendsPongs() throws Exception {
    try (RunningServer server =
            new RunningServer(
                l ->
                    l.withOutboundBytes(1 << 20)
                        .withSmallFrames(0)
                        .withTimes(Duration.ofSeconds(30), Duration.ofMillis(400)));
        RawClient deaf = deaf(server)) {
      try {
        while (!server.events.contains("error slow_consumer")) {
          deaf.send(Frames.of("pong:"));
          Thread.sleep(5);
        }
      } catch (SocketException e) {
        // Cut off while we were sending.
      }
      Await.until(() -> server.events.contains("closed 1006"));
    }
  }

  @Test
  void getsEverythingInOrderThatReadsLate() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withOutboundBytes(1 << 26));
        RawClient late = RawClient.open(server.port())) {
      int sent = 0;
      while (server.server().outboundBytes() < 200_000) {
        send(late, server);
        sent += MESSAGES_AT_ONCE;
      }
      for (int i = 1; i <= sent; i++) {
        late.expectCount(i);
      }
      Await.until(() -> server.server().buffers().replies().used() == 0);
      late.text("and goes on");
      late.expectCount(sent + 1);
    }
  }
}
