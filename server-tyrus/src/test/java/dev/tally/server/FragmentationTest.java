package dev.tally.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 6455, section 5.4. The frames are in the words of {@link Frames}. */
class FragmentationTest {

  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  @ParameterizedTest(name = "{0} gets {1}")
  @CsvSource({
    "text:ab.. more:cd, count:1",
    "text:.. more:.. more:, count:1",
    "text:a.. more:.. more:b, count:1",
    "text:a.. more:b text:c.. more:d text:e, count:1 count:2 count:3",
    "text:a.. ping:x more:b, pong:x count:1",
    "text:a.. ping:x ping:y more:b.. ping:z more:c, pong:x pong:y pong:z count:1",
    "text:a.. ping: pong:unasked more:b, pong: count:1",
    "ping:x text:a ping:y, pong:x count:1 pong:y",
  })
  void countsAFragmentedMessageOnceAndAnswersPingsAtOnce(String sent, String received)
      throws IOException {
    try (RawClient whole = RawClient.open(SERVER.port());
        RawClient trickling = RawClient.open(SERVER.port())) {
      whole.send(Frames.of(sent));
      trickling.sendOneByOne(Frames.of(sent));
      for (String word : received.split(" ", -1)) {
        assertThat(whole.next()).hasToString(word);
        assertThat(trickling.next()).hasToString(word);
      }
    }
  }

  @ParameterizedTest(name = "{0} gets {1}")
  @CsvSource({
    "more:a, continuation of nothing",
    "more:.., continuation of nothing",
    "text:a.. text:b, new message inside",
    "text:a.. binary:b, new message inside",
    "text:a.. ping:x.., fragmented control",
    "ping:x.., fragmented control",
    "pong:.., fragmented control",
    "close:1000.., fragmented control",
    "close:.., fragmented control",
  })
  void closesWith1002AtAFrameOutOfOrder(String sent, String reason) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of(sent));
      client.expectClose(1002, reason);
    }
  }

  @Test
  void closesWith1002AtAContinuationBehindTheLastFragment() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of("text:a.. more:b more:c"));
      client.expectCount(1);
      client.expectClose(1002, "continuation of nothing");
    }
  }

  @Test
  void closesWith1003AtTheFirstFragmentOfABinaryMessage() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(Frames.of("binary:a.."));
      client.expectClose(1003, "text");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 16})
  void countsOneMessageOfThousandsOfFragments(int bytesEach) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(Frames.of("text:.."));
    for (int i = 0; i < 4096; i++) {
      all.writeBytes(RawClient.fragment(RawClient.CONTINUATION, new byte[bytesEach]));
    }
    all.writeBytes(Frames.of("more: text:next"));
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(all.toByteArray());
      client.expectCount(1);
      client.expectCount(2);
    }
  }

  @Test
  void closesWith1009AtTheHeaderWithWhichFragmentsSumUpToTooMuch() throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[65_000]));
      client.send(RawClient.frame(0x80, 537, new byte[0]));
      client.expectClose(1009, "65536 bytes");
    }
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[65_000]));
      client.send(RawClient.frame(RawClient.PING, "does not count".getBytes(UTF_8)));
      client.send(RawClient.frame(RawClient.CONTINUATION, new byte[536]));
      assertThat(client.next()).hasToString("pong:does not count");
      client.expectCount(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        65_527,
        65_536,
        Integer.MAX_VALUE - 9,
        Integer.MAX_VALUE,
        1L << 32,
        Long.MAX_VALUE - 9,
        Long.MAX_VALUE
      })
  void closesWith1009AtTheHeaderOfAContinuationThatIsTooLong(long length) throws IOException {
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.fragment(RawClient.TEXT, new byte[10]));
      client.send(RawClient.frame(RawClient.CONTINUATION, length, new byte[0]));
      client.expectClose(1009, "65536 bytes");
      assertThat(SERVER.events).doesNotContain("error internal");
    }
  }

  @Test
  void forgetsTheHalfMessageOfAClientThatCloses() throws IOException {
    String session = "/ws/chat/?session_id=0b51ce12-8e9b-4a09-9f0e-9a7d5a2f3c11";
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.send(Frames.of("text:one text:half.. close:1000 more:behind text:behind"));
      client.expectCount(1);
      assertThat(client.next()).hasToString("close:1000");
    }
    try (RawClient client = RawClient.open(SERVER.port(), session)) {
      client.text("the next one");
      client.expectCount(2);
    }
  }
}
