package dev.tally.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.bench.peer.NettyCounter;
import dev.tally.server.Main;
import dev.tally.session.redis.testing.FreePort;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** The benchmark's instruments: that they see what is wrong, and write what they saw. */
class BenchTest {

  private static final Duration MOMENT = Duration.ofMillis(300);

  @TempDir private Path directory;

  @Test
  void everyCountOfTallyIsExact() throws Exception {
    everyCountIsExact(Main.class, "--host=127.0.0.1", "--port={port}", "--admin-port=0");
  }

  @Test
  void everyCountOfAPeerIsExact() throws Exception {
    everyCountIsExact(NettyCounter.class, "{port}");
  }

  private void everyCountIsExact(Class<?> main, String... arguments) throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    String classPath = System.getProperty("java.class.path");
    List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx128m", "-cp", classPath));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    int port = FreePort.pick();
    List<String> withPort = new Peer("server", command).command(port);
    try (ServerProcess server = ServerProcess.start(withPort, port, directory.resolve("log"));
        LoadGenerator load = new LoadGenerator(port, Lab.PAYLOAD_BYTES)) {
      load.connect(50, 10);
      assertThat(load.closedLoop(1, MOMENT).exact().replies).isPositive();
      assertThat(load.closedLoop(16, MOMENT).exact().replies).isPositive();
      Round open = load.openLoop(Duration.ofMillis(100), MOMENT).exact();
      assertThat(open.replies).isEqualTo(open.latency.getTotalCount()).isEqualTo(150);
      assertThat(server.cpuSeconds()).isPositive();
      assertThat(server.rssKilobytes()).isPositive();
    }
  }

  @Test
  void aWrongCountIsSeen() throws Exception {
    try (FixedReplyServer server = new FixedReplyServer("{\"count\": 1}", Duration.ZERO);
        LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
      load.connect(1, 1);
      // Two are sent at once, so there is a second reply in whatever time.
      Round round = load.closedLoop(2, MOMENT);
      assertThat(round.replies).isEqualTo(1);
      assertThat(round.mismatches).isPositive();
      assertThatThrownBy(round::exact).hasMessageContaining("wrong count");
    }
  }

  @Test
  void aStallOfTheServerIsNotHidden() throws Exception {
    Duration stall = Duration.ofMillis(200);
    try (FixedReplyServer server = new FixedReplyServer("{\"count\": 1}", stall);
        LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
      load.connect(1, 1);
      Round round = load.openLoop(Duration.ofMillis(50), MOMENT);
      // The last message was due 50 ms after the one before it, and waits for all of them.
      assertThat(round.percentileMillis(100)).isGreaterThan(3.0 * stall.toMillis());
    }
  }

  @Test
  void aRefusedHandshakeIsAnError() throws Exception {
    try (LoadGenerator load = new LoadGenerator(FreePort.pick(), Lab.PAYLOAD_BYTES)) {
      assertThatThrownBy(() -> load.connect(2, 2)).hasMessageContaining("2 handshakes failed");
    }
  }

  @Test
  void aTableHasTheMediansAndTheRatiosWithinARound() {
    assertThat(threeRounds().table("counter", "%.0f", "Netty"))
        .isEqualTo(
            """
            | counter | CPU | × Netty |
            |---|---:|---:|
            | Tally | 20 | 2.00 |
            | Netty | 10 | 1.00 |
            """);
  }

  private static Samples threeRounds() {
    Samples samples = new Samples();
    double[][] rounds = {{10, 5}, {40, 10}, {20, 20}};
    for (double[] round : rounds) {
      samples.add("Tally", "CPU", round[0]);
      samples.add("Netty", "CPU", round[1]);
    }
    return samples;
  }

  @Test
  void aSectionTakesTheOldOnesPlace() throws Exception {
    Path page = directory.resolve("page.md");
    String begin = "before\n<!-- cpu: written by make bench -->\n";
    Files.writeString(page, begin + "old\n<!-- cpu ends -->\nafter\n");
    Report.replace(page, "cpu", "new\n");
    assertThat(page).hasContent(begin + "\nnew\n\n<!-- cpu ends -->\nafter\n");
    assertThatThrownBy(() -> Report.replace(page, "leak", "")).hasMessageContaining("section leak");
  }

  @Test
  void everyPartHasItsPlaceOnThePage() throws Exception {
    String page = Files.readString(Path.of("../docs/BENCHMARKS.md"));
    for (String part : Part.titles()) {
      assertThat(page).contains("<!-- " + part + ": written by make bench -->");
    }
  }

  @Test
  void everySectionOfThePageSaysItsRevision() throws Exception {
    String page = Files.readString(Path.of("../docs/BENCHMARKS.md"));
    List<String> measured = new ArrayList<>(Part.titles());
    measured.remove(Part.MACHINE.title());
    assertThat(measured)
        .allSatisfy(
            part ->
                assertThat(page)
                    .containsPattern(
                        "<!-- "
                            + part
                            + ": written by make bench -->\n\n"
                            + "(Measured|Written down) at revision `[0-9a-f]{12}(-dirty)?`\\.\n"));
  }

  @Test
  void aPlotIsWellFormed() throws Exception {
    String svg = BarChart.svg("CPU", threeRounds());
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
    assertThat(svg).contains(">Tally</text>", ">20.0</text>");
  }
}
