package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 6455, section 5.2: single frames, and what is refused from their headers. */
class FramesTest {

  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 125, 126, 127, 16_370, 16_384, 65_535, 65_536})
  void countsMessagesOfEveryLengthClass(int length) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.text("x".repeat(length));
      client.expectCount(1);
      client.text("é".repeat(length / 2));
      client.expectCount(2);
    }
  }

  @Test
  void countsBytesThatComeOneByOne() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.sendOneByOne(RawClient.frame(RawClient.TEXT, "größe €𝄞".getBytes(UTF_8)));
      client.expectCount(1);
      client.sendOneByOne(RawClient.frame(RawClient.TEXT, new byte[300]));
      client.expectCount(2);
    }
  }

  @Test
  void answersManyMessagesOfOneReadInOrder() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < 5000; i++) {
        all.write(Frames.of("text:m"));
      }
      client.send(all.toByteArray());
      for (int i = 1; i <= 5000; i++) {
        client.expectCount(i);
      }
    }
  }

  @ParameterizedTest(name = "{0} gets {1}")
  @CsvSource({
    "810161, masked",
    "8100, masked",
    "c18000000000, reserved bit",
    "a18000000000, reserved bit",
    "918000000000, reserved bit",
    "f18000000000, reserved bit",
    "c98000000000, reserved bit",
    "418000000000, reserved bit",
    "88fe007e00000000, above 125",
    "89fe007e00000000, above 125",
    "8aff000000000001000000000000, above 125",
    "808000000000, continuation of nothing",
    "81fe000000000000, shortest form",
    "81fe007d00000000, shortest form",
    "81ff000000000000000000000000, shortest form",
    "81ff000000000000ffff00000000, shortest form",
    "81ff800000000000000000000000, highest bit",
    "81ffffffffffffffffff00000000, highest bit",
  })
  void closesWith1002AtAHeaderAgainstTheRules(String hex, String reason) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(HexFormat.of().parseHex(hex));
      client.expectClose(1002, reason);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
  void closesWith1002AtEveryReservedOpcode(int opcode) throws IOException {
    for (int fin : new int[] {0x80, 0}) {
      try (RawClient client = RawClient.open(SERVER.port())) {
        // The first byte is enough.
        client.send(new byte[] {(byte) (fin | opcode)});
        client.expectClose(1002, "reserved opcode " + opcode);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {65_537, 1 << 20, Integer.MAX_VALUE, 1L << 32, Long.MAX_VALUE})
  void closesWith1009AtTheHeaderOfAFrameThatIsTooLong(long length) throws IOException {
    for (int first : new int[] {0x81, 0x01}) {
      try (RawClient client = RawClient.open(SERVER.port())) {
        client.send(RawClient.frame(first, length, new byte[0]));
        client.expectClose(1009, "65536 bytes");
      }
    }
  }

  @Test
  void closesWith1003AtABinaryMessage() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of("text:one binary:x"));
      client.expectCount(1);
      client.expectClose(1003, "text");
    }
  }

  @Test
  void unmasksWithEveryKeyAtEveryOffset() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      byte[] plain = "ab€cd€ef𝄞gh".getBytes(UTF_8);
      int[] keys = {0, -1, 0x80808080, 0x01020304, 0xff000000};
      int count = 0;
      for (int key : keys) {
        for (int length : new int[] {2, 5, 7, plain.length}) {
          ByteBuffer frame = ByteBuffer.allocate(6 + length);
          frame.put((byte) 0x81).put((byte) (0x80 | length)).putInt(key);
          for (int i = 0; i < length; i++) {
            frame.put((byte) (plain[i] ^ (key >>> (24 - 8 * (i % 4)))));
          }
          client.send(frame.array());
          client.expectCount(++count);
        }
      }
    }
  }
}
