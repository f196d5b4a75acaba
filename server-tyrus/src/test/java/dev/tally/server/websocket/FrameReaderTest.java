package dev.tally.server.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.testing.MutableClock;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames without a network: what the receiver is told, however the bytes are cut. */
class FrameReaderTest {

  private static final int MAX_MESSAGE_BYTES = 1000;

  private final BufferBudget budget = new BufferBudget(100_000);
  private final List<String> told = new ArrayList<>();
  private boolean pauseAfterText;
  private final ReaderContext context =
      new ReaderContext(
          MAX_MESSAGE_BYTES,
          new FrameRate(0, new MutableClock().monotonic()),
          new Liveness(Duration.ofSeconds(30), Duration.ofSeconds(2)),
          new BudgetShare(budget, 1),
          Duration.ofSeconds(1));
  private final FrameReader reader = new FrameReader(new Recorder(), context, false);

  private final class Recorder implements FrameReceiver {
    @Override
    public void onText(byte[] utf8, int from, int to) {
      told.add("text " + new String(utf8, from, to - from, UTF_8));
      if (pauseAfterText) {
        reader.pause();
      }
    }

    @Override
    public void onBinary(byte[] payload) {
      told.add("binary " + payload.length);
    }

    @Override
    public void onControl(int opcode, byte[] payload) {
      told.add(opcode + " " + new String(payload, UTF_8));
    }

    @Override
    public void onCloseSkipped() {
      told.add("close skipped");
    }

    @Override
    public void onViolation(Violation violation) {
      told.add(violation.code().code() + " " + violation.reason());
    }

    @Override
    public boolean takesBinary() {
      return true;
    }
  }

  private static byte[] frame(int opcode, String payload) {
    ByteBuffer frame = MaskedFrame.of(opcode, payload.getBytes(UTF_8));
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    return bytes;
  }

  private static byte[] fragment(int opcode, String payload) {
    byte[] bytes = frame(opcode, payload);
    bytes[0] &= 0x7f;
    return bytes;
  }

  private static byte[] all(byte[]... frames) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      bytes.writeBytes(frame);
    }
    return bytes.toByteArray();
  }

  private void read(byte[] bytes, int cut) {
    for (int at = 0; at < bytes.length; at += cut) {
      byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + cut));
      int unused = reader.read(part, 0, part.length);
    }
  }

  @ParameterizedTest(name = "in pieces of {0} bytes")
  @ValueSource(ints = {1, 2, 3, 5, 7, 16, 127, 10_000})
  void readsTheSameHoweverTheBytesAreCut(int cut) {
    String longText = "ä€😀".repeat(30);
    read(
        all(
            frame(Opcode.TEXT, "one"),
            frame(Opcode.TEXT, ""),
            fragment(Opcode.TEXT, longText),
            frame(Opcode.PING, "between"),
            frame(Opcode.CONTINUATION, longText),
            frame(Opcode.BINARY, "x".repeat(500)),
            frame(Opcode.PONG, ""),
            frame(Opcode.CLOSE, ""),
            frame(Opcode.TEXT, "behind")),
        cut);

    assertThat(told)
        .containsExactly(
            "text one",
            "text ",
            "9 between",
            "text " + longText + longText,
            "binary 500",
            "10 ",
            "8 ");
    assertThat(budget.used()).isZero();
  }

  @ParameterizedTest(name = "in pieces of {0} bytes")
  @ValueSource(ints = {1, 3, 10_000})
  void looksForTheCloseFrameOnlyOnceARuleIsBroken(int cut) {
    read(
        all(
            fragment(Opcode.TEXT, "begun"),
            frame(Opcode.TEXT, "new message inside"),
            frame(Opcode.CONTINUATION, "\ufffd"),
            frame(Opcode.TEXT, "x".repeat(2 * MAX_MESSAGE_BYTES)),
            frame(Opcode.CLOSE, "any payload"),
            frame(Opcode.TEXT, "behind")),
        cut);

    assertThat(told).containsExactly("1002 new message inside a fragmented one", "close skipped");
    assertThat(budget.used()).isZero();
  }

  @Test
  void readsNothingBehindAMessageOfAReceiverThatPauses() {
    pauseAfterText = true;
    byte[] first = frame(Opcode.TEXT, "first");
    byte[] bytes = all(first, frame(Opcode.TEXT, "second"));

    int at = reader.read(bytes, 0, bytes.length);
    assertThat(at).isEqualTo(first.length);
    assertThat(told).containsExactly("text first");
    reader.resume();
    assertThat(reader.read(bytes, at, bytes.length)).isEqualTo(bytes.length);
    assertThat(told).containsExactly("text first", "text second");
  }

  @Test
  void closesWhatIsEvictedForOthers() {
    read(fragment(Opcode.TEXT, "begun"), 10_000);
    assertThat(budget.used()).isPositive();

    reader.evict(false);

    assertThat(told).containsExactly("1013 retry_after_ms=1000");
    assertThat(budget.used()).isZero();
  }
}
