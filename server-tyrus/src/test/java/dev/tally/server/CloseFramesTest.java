package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 6455, sections 5.5.1 and 7: who closes, with which code, and when the connection ends. */
class CloseFramesTest {

  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  @ParameterizedTest
  @ValueSource(
      ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999})
  void echoesTheCodeAndTheReason(int code) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(code, "done")));
      client.expectClose(code, "done");
    }
  }

  @Test
  void echoesTheLongestReason() throws IOException {
    String reason = "é".repeat(61) + "x";
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.sendOneByOne(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(1000, reason)));
      client.expectClose(1000, reason);
    }
  }

  @Test
  void answersACloseFrameWithoutPayloadWithAnotherOne() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of("close:"));
      assertThat(client.next()).hasToString("close:");
      assertThat(client.atEnd()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        0, 1, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65_535
      })
  void closesWith1002AtACodeThatMustNotBeSent(int code) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of("close:" + code));
      client.expectClose(1002, "close code " + code);
    }
  }

  @ParameterizedTest(name = "{0} gets {1} {2}")
  @CsvSource({
    "88810000000003, 1002, one byte",
    "88fe007e00000000, 1002, above 125",
    "88ff000000000001000000000000, 1002, above 125",
    "88830000000003e8ff, 1007, UTF-8",
    "88850000000003e8e282c0, 1007, UTF-8",
    "88840000000003e8e282, 1007, UTF-8",
    "88850000000003e8eda080, 1007, UTF-8",
  })
  void closesAtAPayloadAgainstTheRules(String hex, int code, String reason) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(HexFormat.of().parseHex(hex));
      client.expectClose(code, reason);
    }
  }

  @Test
  void answersWhatCameBeforeTheCloseFrameAndNothingBehindIt() throws IOException {
    String session = "/ws/chat/?session_id=7a3a7c0e-5c0e-4f6a-8f0b-3b1f6a1d2e44";
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.send(Frames.of("text:one ping:x close:1000 text:behind ping:behind close:1001"));
      client.expectCount(1);
      assertThat(client.next()).hasToString("pong:x");
      assertThat(client.next()).hasToString("close:1000");
    }
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.text("two");
      client.expectCount(2);
    }
  }

  @Test
  void countsNothingBehindAViolation() throws IOException {
    String session = "/ws/chat/?session_id=b0d3a8f2-0f7e-4d55-9c39-6f0e4f1f8a55";
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.send(Frames.of("text:one more:violation text:behind close:1000"));
      client.expectCount(1);
      client.expectClose(1002, "continuation of nothing");
    }
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.text("two");
      client.expectCount(2);
    }
  }

  @Test
  void endsTheConnectionOnceTheClientHasAnsweredItsClose() throws IOException {
    String session = "/ws/chat/?session_id=1f9f6f7e-2a57-4a83-8f44-7e0c0a6b7a66";
    try (RawClient older = RawClient.open(SERVER.port(), session)) {
      older.text("one");
      older.expectCount(1);
      try (RawClient newer = RawClient.open(SERVER.port(), session)) {
        Frame close = older.next();
        assertThat(close).hasToString("close:4001");
        older.send(RawClient.frame(RawClient.CLOSE, close.payload()));
        assertThat(older.atEnd()).isTrue();
        newer.text("two");
        newer.expectCount(2);
      }
    }
  }

  @ParameterizedTest(name = "{1} after {0}")
  @CsvSource({
    "more:violation, 1002",
    "text:TOO_BIG, 1009",
    "binary:x, 1003",
    "text:NO_UTF8, 1007",
    "RESERVED_BITS, 1002",
    "NOT_MASKED, 1002",
    "RESERVED_OPCODE, 1002",
    "LONG_PING, 1002",
  })
  void keepsItsSideOpenUntilTheClientHasSentWhatItHadToAndItsCloseFrame(String wrong, int code)
      throws IOException {
    byte[] violation =
        switch (wrong) {
          case "text:TOO_BIG" -> RawClient.frame(RawClient.TEXT, new byte[5 << 20]);
          case "text:NO_UTF8" -> RawClient.frame(RawClient.TEXT, new byte[] {(byte) 0xff});
          case "RESERVED_BITS" -> RawClient.frame(0xf1, 2, new byte[2]);
          case "NOT_MASKED" -> new byte[] {(byte) 0x81, 3, 'a', 'b', 'c'};
          case "RESERVED_OPCODE" -> RawClient.frame(0x8f, 200, new byte[200]);
          case "LONG_PING" -> RawClient.frame(0x89, 300, new byte[300]);
          default -> Frames.of(wrong);
        };
    try (RawClient client = RawClient.open(SERVER.port());
        RawClient other = RawClient.open(SERVER.port())) {
      client.send(violation);
      // Sent before the close frame is read, as most clients do.
      client.send(Frames.of("text:behind more:wrong.again ping:behind"));
      Frame close = client.next();
      assertThat(close).hasToString("close:" + code);
      other.text("Had the server ended its side, that would have come before this answer.");
      other.expectCount(1);
      assertThat(client.isAnswered()).as("the end, before the client's close frame").isFalse();
      client.send(RawClient.frame(RawClient.CLOSE, close.payload()));
      assertThat(client.atEnd()).isTrue();
    }
  }

  @Test
  void givesUpAClientThatNeverAnswersItsClose() throws Exception {
    try (RunningServer full =
            new RunningServer(
                l -> l.withConnections(1, 0).withCloseTimeout(Duration.ofMillis(200)));
        RawClient client = RawClient.open(full.port())) {
      client.send(Frames.of("more:violation"));
      assertThat(client.next()).hasToString("close:1002");
      // Not closed on this side, and nothing more is sent: only the close timeout frees the place.
      Await.until(full::accepts);
      assertThat(full.events).contains("closed 1002");
    }
  }
}
