package dev.tally.server.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 7692, 7.2.2 and the examples of 7.2.3. */
class MessageInflaterTest {

  private static final int MOST = 65_536;

  private final MessageInflater inflater = new MessageInflater();

  @ParameterizedTest(name = "{1}")
  @CsvSource({
    "f248cdc9c90700, one block",
    "000500faff48656c6c6f00, a stored block",
    "f348cdc9c9070000, a last block",
    "f348cdc9c90700, a last block with nothing behind it",
    "f24805000000ffffcac9c90700, two blocks",
  })
  void theExamplesOfTheStandardAreHello(String hex, String what) {
    assertThat(inflated(HexFormat.of().parseHex(hex))).as(what).isEqualTo("Hello".getBytes(UTF_8));
  }

  @Test
  void anEmptyMessageIsOneByte() {
    assertThat(inflated(new byte[] {0})).isEmpty();
  }

  @Test
  void whatADeflaterMadeComesOutAgain() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      byte[] message = message(random);
      byte[] payload = deflated(message, random);
      assertThat(inflated(payload)).as("message %s of seed %s", i, seed).isEqualTo(message);
    }
  }

  @Test
  void aMessageWithoutItsEndIsDamaged() {
    byte[] payload =
        HexFormat.of()
            .parseHex("0ac9485548cd4b51c84f5328c9c82c56c84d2d2e4e4c4f550031338b8b33f3d2f50000");
    for (int size = 1; size < payload.length - 1; size++) {
      int shorter = size;
      assertThat(inflater.inflate(payload, 0, size, MOST))
          .as(() -> shorter + " bytes")
          .isEqualTo(MessageInflater.DAMAGED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // Not even the byte of an empty message.
        "07", // A block of a kind that there is not.
        "ffffffff",
        "f248cdc9c90700ff", // Goes on behind its end.
        "000500fafe48656c6c6f00", // A length that its complement does not confirm.
        "0005", // A stored block that has not begun.
        "4a04620000", // Looks back to where nothing was yet.
      })
  void damageIsFound(String hex) {
    byte[] payload = HexFormat.of().parseHex(hex);
    assertThat(inflater.inflate(payload, 0, payload.length, MOST))
        .isEqualTo(MessageInflater.DAMAGED);
    assertThat(inflated(new byte[] {0})).as("the next message").isEmpty();
  }

  @Test
  void noByteMoreThanTheLimitComesOutOfAMessageAndNothingMoreIsKept() {
    byte[] bomb = deflated(new byte[64 << 20], new Random(2));
    assertThat(bomb).as("64 MiB in 64 KiB").hasSizeLessThan(66_000);
    assertThat(inflater.inflate(bomb, 0, bomb.length, MOST)).isEqualTo(MessageInflater.TOO_LONG);
    assertThat(inflater.output()).as("held at the most").hasSize(MOST + 1);
    inflater.release();
    assertThat(inflater.output()).isEmpty();

    byte[] limit = deflated(new byte[MOST], new Random(3));
    assertThat(inflater.inflate(limit, 0, limit.length, MOST)).isEqualTo(MOST);
    assertThat(inflater.inflate(limit, 0, limit.length, MOST - 1))
        .isEqualTo(MessageInflater.TOO_LONG);
  }

  private byte[] inflated(byte[] payload) {
    // In the middle of a buffer, as it comes from the network.
    byte[] buffer = new byte[payload.length + 20];
    Arrays.fill(buffer, (byte) 0x55);
    System.arraycopy(payload, 0, buffer, 10, payload.length);
    int size = inflater.inflate(buffer, 10, 10 + payload.length, MOST);
    assertThat(size).isNotNegative();
    return Arrays.copyOf(inflater.output(), size);
  }

  private static byte[] message(Random random) {
    byte[] message = new byte[random.nextInt(random.nextBoolean() ? 50 : MOST)];
    boolean text = random.nextBoolean();
    for (int i = 0; i < message.length; i++) {
      message[i] = (byte) (text ? 'a' + random.nextInt(4) : random.nextInt(256));
    }
    return message;
  }

  /** As a client does it: flushed, now and then in the middle too, and the last four bytes off. */
  private static byte[] deflated(byte[] message, Random random) {
    Deflater deflater = new Deflater(random.nextInt(10), true);
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    int from = 0;
    do {
      int size = random.nextInt(4) == 0 ? random.nextInt(message.length + 1) : message.length;
      int to = Math.min(message.length, from + size);
      deflater.setInput(message, from, to - from);
      from = to;
      int count;
      do {
        count = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
        payload.write(buffer, 0, count);
      } while (count == buffer.length);
    } while (from < message.length);
    deflater.end();
    byte[] bytes = payload.toByteArray();
    return bytes.length < 5 ? new byte[] {0} : Arrays.copyOf(bytes, bytes.length - 4);
  }
}
