package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Frame;
import dev.tally.server.RawClient.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compressed messages, RFC 7692, with {@code --compression on}. */
class CompressionTest {

  private static final String OFFER = "Sec-WebSocket-Extensions: permessage-deflate";
  private static final int FIN = 0x80;
  private static final int RSV1 = 0x40;

  @RegisterExtension
  private static final RunningServer SERVER = new RunningServer(l -> l.withCompression());

  @Test
  void isAgreedOnWithoutContextTakeover() throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(
          RawClient.handshake("/ws/chat/", OFFER + "; client_max_window_bits")
              .getBytes(StandardCharsets.US_ASCII));
      assertThat(client.response().headers())
          .containsEntry(
              "sec-websocket-extensions",
              "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    }
  }

  @Test
  void isNotAgreedOnWithAClientThatDoesNotOfferIt() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.frame(FIN | RSV1 | RawClient.TEXT, 7, deflated("Hello")));
      client.expectClose(1002, "reserved bit set, no extension agreed on");
    }
  }

  @Test
  void aHeaderAgainstTheGrammarIsRefused() throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(
          RawClient.handshake("/ws/chat/", OFFER + "; =").getBytes(StandardCharsets.US_ASCII));
      Response response = client.response();
      assertThat(response.status()).startsWith("400 ");
      assertThat(response.body())
          .isEqualTo(
              "Sec-WebSocket-Extensions must be a list of extensions with their parameters"
                  + " (RFC 6455, 9.1), not 'permessage-deflate; ='.\n");
    }
  }

  @Test
  void messagesAreCountedCompressedOrNotWholeOrInFragments() throws IOException {
    byte[] payload = deflated("Hello, hello, hello!");
    try (RawClient client = open()) {
      client.send(whole(payload));
      client.expectCount(1);
      client.text("as it is");
      client.expectCount(2);
      client.send(RawClient.frame(RSV1 | RawClient.TEXT, 3, Arrays.copyOf(payload, 3)));
      client.send(RawClient.frame(RawClient.PING, new byte[0]));
      client.send(RawClient.fragment(RawClient.CONTINUATION, new byte[0]));
      client.sendOneByOne(
          RawClient.frame(RawClient.CONTINUATION, Arrays.copyOfRange(payload, 3, payload.length)));
      assertThat(client.next()).hasToString("pong:");
      client.expectCount(3);
      client.sendOneByOne(whole(new byte[] {0}));
      client.expectCount(4);
      client.send(RawClient.concat(whole(payload), whole(payload), whole(payload)));
      client.expectCount(5);
      client.expectCount(6);
      client.expectCount(7);
    }
  }

  @Test
  void theReservedBitMaySaySoAtTheFirstFrameOfAMessageOnly() throws IOException {
    for (int first :
        new int[] {
          FIN | RSV1 | RawClient.PING,
          FIN | RSV1 | RawClient.CLOSE,
          FIN | 0x20 | RawClient.TEXT,
          FIN | 0x10 | RawClient.TEXT,
          FIN | 0x70 | RawClient.TEXT
        }) {
      try (RawClient client = open()) {
        client.send(RawClient.frame(first, 0, new byte[0]));
        client.expectClose(1002, "reserved bit set where no extension uses it");
      }
    }
    try (RawClient client = open()) {
      client.send(RawClient.frame(RSV1 | RawClient.TEXT, 1, new byte[] {1}));
      client.send(RawClient.frame(FIN | RSV1 | RawClient.CONTINUATION, 0, new byte[0]));
      client.expectClose(1002, "reserved bit set where no extension uses it");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsDamagedIsRefused(boolean inFragments) throws IOException {
    byte[] payload = deflated("The end is missing");
    byte[] cut = Arrays.copyOf(payload, payload.length - 3);
    try (RawClient client = open()) {
      if (inFragments) {
        client.send(RawClient.frame(RSV1 | RawClient.TEXT, cut.length, cut));
        client.send(RawClient.frame(RawClient.CONTINUATION, new byte[0]));
      } else {
        client.send(whole(cut));
      }
      client.expectClose(1002, "compressed data is damaged");
    }
  }

  @Test
  void whatComesOutMustBeUtf8() throws IOException {
    try (RawClient client = open()) {
      client.send(whole(deflated(new byte[] {'a', (byte) 0xff})));
      client.expectClose(1007, "UTF-8");
    }
  }

  @Test
  void binaryMessagesAreRefusedCompressedToo() throws IOException {
    try (RawClient client = open()) {
      client.send(RawClient.frame(FIN | RSV1 | RawClient.BINARY, 1, new byte[] {0}));
      client.expectClose(1003, "only text messages are counted");
    }
  }

  @Test
  void theLimitIsForWhatComesOut() throws IOException {
    try (RawClient client = open()) {
      client.send(whole(deflated(new byte[65_536])));
      client.expectCount(1);
      byte[] stored = deflated(new byte[65_536], Deflater.NO_COMPRESSION);
      assertThat(stored).hasSizeGreaterThan(65_536);
      client.send(whole(stored));
      client.expectCount(2);
      client.send(whole(deflated(new byte[65_537])));
      client.expectClose(1009, "limited to 65536 bytes");
    }
  }

  @Test
  void aBombGets1009AndOthersAreServed() throws IOException {
    byte[] bomb = Arrays.copyOf(deflated(new byte[64 << 20]), 64_000);
    try (RawClient other = open()) {
      for (int i = 1; i <= 20; i++) {
        try (RawClient client = open()) {
          client.send(whole(bomb));
          client.expectClose(1009, "limited to 65536 bytes");
        }
        other.text("counted");
        other.expectCount(i);
      }
    }
  }

  @Test
  void whatIsDeflatedAndCutAnyhowComesOutAsItWas() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    try (EchoServer echo = new EchoServer(0, true);
        RawClient client = RawClient.open(echo.port(), "/", OFFER)) {
      for (int i = 0; i < 200; i++) {
        byte[] message = new byte[random.nextInt(random.nextBoolean() ? 50 : 100_000)];
        for (int at = 0; at < message.length; at++) {
          message[at] = (byte) ('a' + random.nextInt(26));
        }
        int opcode = random.nextBoolean() ? RawClient.TEXT : RawClient.BINARY;
        client.send(cut(RSV1 | opcode, deflated(message, random.nextInt(10)), random));
        Frame back = client.next();
        assertThat(back.opcode()).as("message %s of seed %s", i, seed).isEqualTo(opcode);
        assertThat(back.payload()).as("message %s of seed %s", i, seed).isEqualTo(message);
      }
    }
  }

  /** In fragments of which many have one byte or none. */
  private static byte[] cut(int opcode, byte[] payload, Random random) {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    int first = opcode;
    int at = 0;
    for (int pieces = random.nextInt(100); pieces > 0; pieces--) {
      int most = random.nextInt(10) == 0 ? 1000 : 1;
      int to = Math.min(payload.length, at + random.nextInt(most + 1));
      frames.writeBytes(RawClient.fragment(first, Arrays.copyOfRange(payload, at, to)));
      first = RawClient.CONTINUATION;
      at = to;
    }
    byte[] rest = Arrays.copyOfRange(payload, at, payload.length);
    frames.writeBytes(RawClient.frame(first, rest));
    return frames.toByteArray();
  }

  private static RawClient open() throws IOException {
    return RawClient.open(SERVER.port(), "/ws/chat/", OFFER);
  }

  private static byte[] whole(byte[] payload) {
    return RawClient.frame(FIN | RSV1 | RawClient.TEXT, payload.length, payload);
  }

  private static byte[] deflated(String text) {
    return deflated(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The payload of a compressed message. */
  static byte[] deflated(byte[] message) {
    return deflated(message, Deflater.DEFAULT_COMPRESSION);
  }

  private static byte[] deflated(byte[] message, int level) {
    Deflater deflater = new Deflater(level, true);
    deflater.setInput(message);
    byte[] output = new byte[message.length + 1000];
    int size = deflater.deflate(output, 0, output.length, Deflater.SYNC_FLUSH);
    deflater.end();
    return Arrays.copyOf(output, size - 4);
  }
}
