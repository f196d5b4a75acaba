package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The edges of RFC 6455, on a socket. */
class FramesTest {

  private static RunningServer server;

  @BeforeAll
  static void start() {
    server = new RunningServer();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void assertCount(RawClient client, int n) throws IOException {
    assertThat(client.next().text()).isEqualTo("{\"count\": " + n + "}");
  }

  private static void assertClosed(RawClient client, int code, String reason) throws IOException {
    Frame frame = client.next();
    assertThat(frame.opcode()).isEqualTo(RawClient.CLOSE);
    assertThat(frame.closeCode()).isEqualTo(code);
    assertThat(frame.closeReason()).contains(reason);
    assertThat(client.atEnd()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 125, 126, 127, 16_370, 16_384, 65_535, 65_536})
  void countsMessagesOfEveryLengthClass(int length) throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.text("x".repeat(length));
      assertCount(client, 1);
      client.text("é".repeat(length / 2));
      assertCount(client, 2);
    }
  }

  @Test
  void countsBytesThatComeOneByOne() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      for (byte b : RawClient.frame(RawClient.TEXT, "größe €𝄞".getBytes(UTF_8))) {
        client.send(new byte[] {b});
      }
      assertCount(client, 1);
    }
  }

  @Test
  void countsAFragmentedMessageOnceWithControlFramesBetween() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      byte[] text = "ab€cd".getBytes(UTF_8);
      client.send(RawClient.fragment(RawClient.TEXT, java.util.Arrays.copyOf(text, 3)));
      client.send(RawClient.frame(RawClient.PING, "are you there".getBytes(UTF_8)));
      client.send(RawClient.fragment(RawClient.CONTINUATION, new byte[0]));
      client.send(RawClient.frame(RawClient.PONG, new byte[0]));
      client.send(
          RawClient.frame(
              RawClient.CONTINUATION, java.util.Arrays.copyOfRange(text, 3, text.length)));

      Frame pong = client.next();
      assertThat(pong.opcode()).isEqualTo(RawClient.PONG);
      assertThat(pong.text()).isEqualTo("are you there");
      assertCount(client, 1);
    }
  }

  @Test
  void answersManyMessagesOfOneReadInOrder() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < 5000; i++) {
        all.write(RawClient.frame(RawClient.TEXT, "m".getBytes(UTF_8)));
      }
      client.send(all.toByteArray());
      for (int i = 1; i <= 5000; i++) {
        assertCount(client, i);
      }
    }
  }

  @Test
  void answersAFloodOfPings() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      for (int i = 0; i < 1000; i++) {
        client.send(RawClient.frame(RawClient.PING, Integer.toString(i).getBytes(UTF_8)));
      }
      for (int i = 0; i < 1000; i++) {
        assertThat(client.next().text()).isEqualTo(Integer.toString(i));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "810161, masked",
    "c18000000000, reserved bit",
    "a18000000000, reserved bit",
    "918000000000, reserved bit",
    "838000000000, opcode 3",
    "878000000000, opcode 7",
    "8b8000000000, opcode 11",
    "8f8000000000, opcode 15",
    "098000000000, fragmented control",
    "88fe007e00000000, above 125",
    "89fe007e00000000, above 125",
    "808000000000, continuation of nothing",
    "0180000000008180, new message inside",
    "81fe007d00000000, shortest form",
    "81ff000000000000ffff00000000, shortest form",
    "81ff800000000000000000000000, shortest form",
    "88810000000001, one byte",
  })
  void closesWith1002(String hex, String reason) throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(HexFormat.of().parseHex(hex));
      if (hex.startsWith("01")) {
        client.send(new byte[4]);
      }
      assertClosed(client, 1002, reason);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535})
  void closesWith1002AtACloseCodeThatMustNotBeSent(int code) throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(code, "")));
      assertClosed(client, 1002, "");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4999})
  void echoesTheCloseCode(int code) throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(code, "done")));
      assertClosed(client, code, "done");
    }
  }

  @Test
  void answersACloseFrameWithoutPayload() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(RawClient.CLOSE, new byte[0]));
      assertThat(client.next().opcode()).isEqualTo(RawClient.CLOSE);
      assertThat(client.atEnd()).isTrue();
    }
  }

  @Test
  void endsInTheMiddleOfAMessageIfTheClientCloses() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, "half".getBytes(UTF_8)));
      client.send(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(1000, "")));
      client.text("after the close frame nothing counts");
      Frame frame = client.next();
      assertThat(frame.opcode()).isEqualTo(RawClient.CLOSE);
      assertThat(frame.closeCode()).isEqualTo(1000);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80",
        "bf",
        "c0",
        "c080",
        "c1bf",
        "c3",
        "c328",
        "e08080",
        "e09f80",
        "e282",
        "e228a1",
        "eda080",
        "edbfbf",
        "f0808080",
        "f08fbfbf",
        "f4908080",
        "f5808080",
        "f8888080",
        "fe",
        "ff",
        "41c3a9ff42",
        "f09d84"
      })
  void closesWith1007AtEveryClassOfInvalidUtf8(String hex) throws IOException {
    byte[] payload = HexFormat.of().parseHex(hex);
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(RawClient.TEXT, payload));
      assertClosed(client, 1007, "UTF-8");
    }
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[0]));
      for (byte b : payload) {
        client.send(RawClient.fragment(RawClient.CONTINUATION, new byte[] {b}));
      }
      client.send(RawClient.frame(RawClient.CONTINUATION, new byte[0]));
      assertThat(client.next().closeCode()).isEqualTo(1007);
    }
  }

  @Test
  void closesWith1007BeforeTheMessageIsWhole() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      byte[] start = RawClient.frame(0x81, 1000, RawClient.bytes('o', 'k', 0xf4, 0x90));
      client.send(start);
      assertClosed(client, 1007, "UTF-8");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"c3a9", "e282ac", "ed9fbf", "ee8080", "f09d849e", "f48fbfbf", "00", "7f"})
  void countsValidUtf8CutAnywhere(String hex) throws IOException {
    byte[] payload = HexFormat.of().parseHex(hex);
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[0]));
      for (byte b : payload) {
        client.send(RawClient.fragment(RawClient.CONTINUATION, new byte[] {b}));
      }
      client.send(RawClient.frame(RawClient.CONTINUATION, new byte[0]));
      assertCount(client, 1);
    }
  }

  @Test
  void closesWith1009AtTheHeaderOfAFrameThatIsTooLong() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(0x81, 65_537, new byte[0]));
      assertClosed(client, 1009, "65536 bytes");
    }
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.frame(0x81, Long.MAX_VALUE, new byte[0]));
      assertClosed(client, 1009, "65536 bytes");
    }
  }

  @Test
  void closesWith1009WhenFragmentsSumUpToTooMuch() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[65_000]));
      client.send(RawClient.frame(0x80, 537, new byte[0]));
      assertClosed(client, 1009, "65536 bytes");
    }
  }

  @Test
  void closesWith1003AtABinaryMessage() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.text("one");
      client.send(RawClient.frame(RawClient.BINARY, new byte[] {1}));
      assertCount(client, 1);
      assertClosed(client, 1003, "text");
    }
  }

  @Test
  void closesWith1002AtGarbage() throws IOException {
    try (RawClient client = RawClient.open(server.port())) {
      client.send("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
      assertThat(client.next().closeCode()).isEqualTo(1002);
    }
  }

  @Test
  void closesWith1008AboveTheMessageRate() throws IOException {
    try (RunningServer limited = new RunningServer(l -> l.withRate(1, 3));
        RawClient client = RawClient.open(limited.port())) {
      for (int i = 0; i < 4; i++) {
        client.text("m");
      }
      for (int i = 1; i <= 3; i++) {
        assertCount(client, i);
      }
      assertClosed(client, 1008, "rate limit");
    }
  }

  @Test
  void takesNoteOfAHalfCloseAndOfAReset() throws Exception {
    try (RunningServer own = new RunningServer()) {
      try (RawClient half = RawClient.open(own.port())) {
        half.text("counted");
        half.socket.shutdownOutput();
        assertCount(half, 1);
        assertThat(half.atEnd()).isTrue();
      }
      RawClient reset = RawClient.open(own.port());
      reset.socket.setSoLinger(true, 0);
      reset.close();

      Await.until(() -> own.events.stream().filter("closed 1006"::equals).count() == 2);
      assertThat(own.server().hub().statistics().connections()).isZero();
    }
  }

  @Test
  void pingsASilentClientAndGivesItUpIfNothingComesBack() throws IOException {
    try (RunningServer impatient =
            new RunningServer(l -> l.withTimes(Duration.ofSeconds(5), Duration.ofMillis(400)));
        RawClient client = RawClient.open(impatient.port())) {
      assertThat(client.next().opcode()).isEqualTo(RawClient.PING);
      assertThat(client.atEnd()).isTrue();
      assertThat(impatient.events).contains("error dead_peer", "closed 1006");
    }
  }

  @Test
  void keepsASilentClientThatAnswersPings() throws IOException {
    try (RunningServer impatient =
            new RunningServer(l -> l.withTimes(Duration.ofSeconds(5), Duration.ofMillis(400)));
        RawClient client = RawClient.open(impatient.port())) {
      for (int i = 0; i < 5; i++) {
        assertThat(client.next().opcode()).isEqualTo(RawClient.PING);
        client.send(RawClient.frame(RawClient.PONG, new byte[0]));
      }
      client.text("still here");
      assertCount(client, 1);
    }
  }

  @Test
  void cutsOffAReaderThatNeverReadsAndHarmsNobodyElse() throws Exception {
    try (RunningServer bounded = new RunningServer(l -> l.withOutboundBytes(32_768));
        RawClient other = RawClient.open(bounded.port());
        RawClient deaf = RawClient.open(bounded.port())) {
      byte[] flood = RawClient.frame(RawClient.PING, new byte[125]);
      try {
        while (!bounded.events.contains("error slow_consumer")) {
          deaf.send(flood);
        }
      } catch (SocketException e) {
        // Cut off while we were sending.
      }
      Await.until(() -> bounded.events.contains("closed 1006"));
      assertThat(bounded.events).contains("error slow_consumer");
      other.text("fine");
      assertCount(other, 1);
    }
  }
}
