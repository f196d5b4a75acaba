package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Clients that send more than the message rate are read from more slowly, and lose nothing. */
class MessageRatePacingTest {

  @Test
  void countsEverythingInOrderHoweverFastItCame() throws Exception {
    int messages = 3000;
    try (RunningServer server = new RunningServer(l -> l.withRate(100, 200));
        RawClient client = RawClient.open(server.port())) {
      client.send(Frames.of("text:m ".repeat(messages).strip()));
      for (int i = 1; i <= messages; i++) {
        if (!client.isAnswered()) {
          assertThat(server.server().buffers().messages().used()).isLessThan(20_000);
          server.skip(Duration.ofSeconds(1));
        }
        client.expectCount(i);
      }
      assertThat(server.server().throttled()).isPositive();
      assertThat(server.events).doesNotContain("error rate_limited");
      Await.until(() -> server.server().buffers().messages().used() == 0);
    }
  }

  @Test
  void letsTcpHoldBackWhatIsAheadOfTheRate() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withRate(1, 1));
        RawClient client = RawClient.open(server.port())) {
      byte[] flood = Frames.of("text:m ".repeat(1000).strip());
      Thread sender = new Thread(() -> sendForEver(client, flood));
      sender.start();
      Await.until(() -> server.server().throttled() > 0);
      client.expectCount(1);
      client.expectCount(2);
      assertThat(server.server().buffers().messages().used()).isBetween(1L, 20_000L);
      client.reset();
      sender.join();
    }
  }

  private static void sendForEver(RawClient client, byte[] bytes) {
    try {
      while (true) {
        client.send(bytes);
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  @Test
  void aClientThatIsHeldBackIsNotTakenForDead() throws IOException {
    Duration heartbeat = Duration.ofMillis(200);
    try (RunningServer server =
            new RunningServer(l -> l.withRate(1, 1).withTimes(Duration.ofSeconds(5), heartbeat));
        RawClient client = RawClient.open(server.port())) {
      client.send(Frames.of("text:1 text:2 text:3"));
      for (int i = 1; i <= 3; i++) {
        RawClient.Frame frame = client.next();
        while (frame.opcode() == RawClient.PING) {
          frame = client.next();
        }
        assertThat(frame).hasToString("count:" + i);
      }
    }
  }

  @Test
  void aDrainClosesAClientThatIsHeldBack() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withRate(1, 1));
        RawClient client = RawClient.open(server.port())) {
      client.send(Frames.of("text:m ".repeat(3000).strip() + " close:1000"));
      Await.until(() -> server.server().throttled() > 0);
      client.expectCount(1);
      server.stop();
      RawClient.Frame frame = client.next();
      while (frame.opcode() == RawClient.TEXT) {
        frame = client.next();
      }
      assertThat(frame).hasToString("close:1001");
      client.socket.shutdownOutput();
      assertThat(client.atEnd()).isTrue();
    }
  }
}
