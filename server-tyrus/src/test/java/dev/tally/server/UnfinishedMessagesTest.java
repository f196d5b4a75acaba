package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.websocket.BufferBudget;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages whose end does not come: what they take is bounded for all together, and in time. */
class UnfinishedMessagesTest {

  /** 512 KiB for messages: room for seven of 64 KiB, and an eighth in reserve. */
  private static final long BUFFERED_BYTES = 1 << 20;

  @Test
  void theOldestGiveWayToNewOnesAndWholeMessagesNoticeNothing() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withBufferedBytes(BUFFERED_BYTES));
        RawClient honest = RawClient.open(server.port())) {
      BufferBudget budget = server.server().buffers().messages();
      List<RawClient> hogs = new ArrayList<>();
      for (int i = 1; i <= 40; i++) {
        RawClient hog = RawClient.open(server.port());
        hogs.add(hog);
        hog.send(RawClient.frame(0x81, 65_536, new byte[33_000]));
        honest.text("x".repeat(65_000));
        honest.expectCount(2 * i - 1);
        honest.send(Frames.of("text:whole"));
        honest.expectCount(2 * i);
        assertThat(budget.used()).isLessThanOrEqualTo(budget.limit());
      }
      hogs.get(0).expectClose(1013, "retry_after_ms=6500");
      assertThat(server.events).contains("error buffers_full").doesNotContain("error internal");
      for (RawClient hog : hogs) {
        hog.close();
      }
      Await.until(() -> budget.used() == 0);
    }
  }

  @Test
  void whatIsHeldIsWhatCame() throws Exception {
    try (RunningServer server = new RunningServer();
        RawClient client = RawClient.open(server.port())) {
      BufferBudget budget = server.server().buffers().messages();
      client.send(RawClient.frame(0x01, 10_000, new byte[10_000]));
      Await.until(() -> budget.used() >= 10_000);
      assertThat(budget.used()).isLessThan(10_000 + 256);
      client.send(Frames.of("more:"));
      client.expectCount(1);
      assertThat(budget.used()).isZero();
    }
  }

  @Test
  void endingConnectionsGiveBackWhatTheyHeld() throws Exception {
    try (RunningServer server = new RunningServer()) {
      BufferBudget budget = server.server().buffers().messages();
      for (String end : List.of("close:1000", "text:violation", "")) {
        RawClient client = RawClient.open(server.port());
        client.send(Frames.of("text:half.."));
        Await.until(() -> budget.used() > 0);
        if (end.isEmpty()) {
          client.reset();
        } else {
          client.send(Frames.of(end));
        }
        Await.until(() -> budget.used() == 0);
        client.close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text:half..", "text:..", "text:a.. more:b.. ping:x"})
  void closesWith1008WhatIsNotFinishedInTime(String sent) throws IOException {
    Duration timeout = Duration.ofMillis(300);
    try (RunningServer server = new RunningServer(l -> l.withMessageTimeout(timeout));
        RawClient client = RawClient.open(server.port())) {
      client.send(Frames.of(sent));
      RawClient.Frame frame = client.next();
      while (frame.opcode() == RawClient.PONG) {
        frame = client.next();
      }
      assertThat(frame).hasToString("close:1008");
      assertThat(frame.closeReason()).contains("not finished in time");
      assertThat(server.events).contains("error message_timeout");
    }
  }

  @Test
  void aClientThatGoesOnSendingMessagesHasTimeForEachOfThem() throws IOException {
    Duration timeout = Duration.ofSeconds(2);
    try (RunningServer server =
            new RunningServer(
                l ->
                    l.withMessageTimeout(timeout)
                        .withSmallFrames(0)
                        .withTimes(Duration.ofSeconds(30), Duration.ofMillis(800)));
        RawClient client = RawClient.open(server.port())) {
      long start = System.nanoTime();
      for (int i = 1; System.nanoTime() - start < timeout.multipliedBy(2).toNanos(); i++) {
        client.send(Frames.of("text:half.."));
        client.send(Frames.of("more:half"));
        client.expectCount(i);
      }
    }
  }
}
