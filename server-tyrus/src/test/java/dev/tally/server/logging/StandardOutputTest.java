package dev.tally.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class StandardOutputTest {

  private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
  private final Disk disk = new Disk();
  private final AtomicLong dropped = new AtomicLong();
  private final StandardOutput output =
      new StandardOutput(disk, new JsonLineEncoder(Optional.empty()), dropped::get);

  @BeforeEach
  void start() {
    output.setContext(context);
    output.start();
  }

  @Test
  void linesThatTheDiskDoesNotTakeAreCountedAndToldOfOnceItDoes() {
    log("first");
    disk.full = true;
    log("second");
    log("third");
    disk.full = false;
    output.reportLosses(0);
    log("fourth");

    assertThat(output.failed()).isEqualTo(2);
    assertThat(output.handled()).isEqualTo(4);
    List<String> lines = disk.lines();
    assertThat(lines.get(0)).contains("\"message\":\"first\"").endsWith("}");
    assertThat(lines.get(lines.size() - 2))
        .startsWith("{")
        .contains("\"level\":\"WARN\",\"event\":\"log_dropped\",\"lines\":2,");
    assertThat(lines.get(lines.size() - 1)).startsWith("{").contains("\"message\":\"fourth\"");
  }

  @Test
  void linesThatWereDroppedAheadAreToldOfOnce() {
    log("first");
    dropped.set(7);
    log("second");
    log("third");

    assertThat(disk.lines()).hasSize(4);
    assertThat(disk.lines().get(1)).contains("\"event\":\"log_dropped\",\"lines\":7,");
    assertThat(disk.lines().get(2)).contains("\"message\":\"second\"");
  }

  @Test
  void ofLossesInAStreamOnlyTheFirstIsToldOfUntilTheyAreAskedFor() {
    for (int i = 0; i < 5; i++) {
      dropped.incrementAndGet();
      log("line");
    }
    output.reportLosses(3);
    log("last");

    assertThat(disk.lines().get(0)).contains("\"event\":\"log_dropped\",\"lines\":1,");
    assertThat(disk.lines().get(disk.lines().size() - 2))
        .contains("\"event\":\"log_dropped\",\"lines\":");
    assertThat(
            disk.lines().stream()
                .filter(line -> line.contains("log_dropped"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*\"lines\":(\\d+).*", "$1")))
                .sum())
        .isEqualTo(8);
  }

  private void log(String message) {
    output.doAppend(
        new LoggingEvent(
            "", context.getLogger(StandardOutputTest.class), Level.INFO, message, null, null));
  }

  /** Takes half of a line when it is full, as a real one may. */
  private static final class Disk extends OutputStream {
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private boolean full;

    @Override
    public void write(int octet) throws IOException {
      write(new byte[] {(byte) octet});
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      content.write(bytes, from, full ? length / 2 : length);
      if (full) {
        throw new IOException("No space left on device");
      }
    }

    List<String> lines() {
      return content.toString(StandardCharsets.UTF_8).lines().toList();
    }
  }
}
