package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class AsciiTest {

  @Test
  void writesNumbersAsLongDoes() {
    new Random(1)
        .longs(1000, 0, Long.MAX_VALUE)
        .map(number -> number >>> (number & 63))
        .forEach(number -> assertThat(Ascii.of(number)).asString().isEqualTo("" + number));
    for (long number : new long[] {0, 9, 10, 99, 100, Long.MAX_VALUE}) {
      assertThat(Ascii.of(number)).asString().isEqualTo("" + number);
    }
  }

  @Test
  void writesUuidsAsTheirTextIs() {
    Random random = new Random(2);
    for (int i = 0; i < 1000; i++) {
      UUID session = new UUID(random.nextLong(), random.nextLong());
      byte[] text = Ascii.of("<" + new UUID(0, 0) + ">");
      Ascii.write(session, text, text.length - 1);
      assertThat(text).asString().isEqualTo("<" + session + ">");
    }
  }
}
