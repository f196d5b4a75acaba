package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * RFC 6455, section 8.1: what is no UTF-8 (RFC 3629) is refused at the first byte that shows it.
 */
class Utf8Test {

  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "80, stray continuation",
    "bf, stray continuation",
    "41c3a9bf, stray continuation",
    "c0, overlong",
    "c1, overlong",
    "e080, overlong",
    "e09f, overlong",
    "f080, overlong",
    "f08f, overlong",
    "eda0, surrogate",
    "edbf, surrogate",
    "f490, above U+10FFFF",
    "f5, above U+10FFFF",
    "f8, five bytes",
    "fc, six bytes",
    "fe, never in UTF-8",
    "ff, never in UTF-8",
    "c328, cut short by ASCII",
    "e228, cut short by ASCII",
    "e28228, cut short by ASCII",
    "f09f9828, cut short by ASCII",
    "c3c3, cut short by the next character",
    "f09f98e2, cut short by the next character",
  })
  void closesWith1007AtTheFirstByteThatShowsIt(String hex, String what) throws IOException {
    byte[] payload = HexFormat.of().parseHex("6f6b" + hex);
    try (RawClient frame = RawClient.open(SERVER.port());
        RawClient trickling = RawClient.open(SERVER.port());
        RawClient fragments = RawClient.open(SERVER.port())) {
      // A thousand bytes are announced: whoever waits for them waits for ever.
      frame.send(RawClient.frame(0x81, 1000, payload));
      frame.expectClose(1007, "UTF-8");

      trickling.sendOneByOne(RawClient.frame(0x81, 1000, payload));
      trickling.expectClose(1007, "UTF-8");

      fragments.send(inFragments(payload));
      fragments.expectClose(1007, "UTF-8");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"c3", "e2", "e282", "ed9f", "f0", "f09f", "f09f98", "f48f", "f48fbf"})
  void closesWith1007WhereTheMessageEndsWithinACharacter(String hex) throws IOException {
    byte[] payload = HexFormat.of().parseHex("6f6b" + hex);
    try (RawClient whole = RawClient.open(SERVER.port());
        RawClient fragments = RawClient.open(SERVER.port())) {
      whole.send(RawClient.frame(RawClient.TEXT, payload));
      whole.expectClose(1007, "UTF-8");

      fragments.send(inFragments(payload));
      fragments.send(Frames.of("ping:still.fine"));
      assertThat(fragments.next()).hasToString("pong:still.fine");
      fragments.send(Frames.of("more:"));
      fragments.expectClose(1007, "UTF-8");
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "00, lowest",
    "7f, highest of one byte",
    "c280, lowest of two",
    "dfbf, highest of two",
    "e0a080, lowest of three",
    "ed9fbf, last before the surrogates",
    "ee8080, first behind the surrogates",
    "efbfbe, noncharacter",
    "efbfbf, highest of three",
    "f0908080, lowest of four",
    "f09d849e, between",
    "f48fbfbf, highest of all",
    "efbbbf41, byte order mark",
    "c3a9e282acf09d849e41, all lengths",
  })
  void countsValidTextCutAnywhere(String hex, String what) throws IOException {
    byte[] payload = HexFormat.of().parseHex(hex);
    try (RawClient client = RawClient.open(SERVER.port())) {
      client.send(RawClient.frame(RawClient.TEXT, payload));
      client.expectCount(1);
      client.sendOneByOne(RawClient.frame(RawClient.TEXT, payload));
      client.expectCount(2);
      client.send(inFragments(payload));
      client.send(Frames.of("ping: more:"));
      client.next();
      client.expectCount(3);
    }
  }

  /** Nothing, then a byte in each fragment, none of them the last. */
  private static byte[] inFragments(byte[] payload) {
    byte[] all = Frames.of("text:..");
    for (int i = 0; i < payload.length; i++) {
      byte[] one = Arrays.copyOfRange(payload, i, i + 1);
      all = RawClient.concat(all, RawClient.fragment(RawClient.CONTINUATION, one));
    }
    return all;
  }
}
