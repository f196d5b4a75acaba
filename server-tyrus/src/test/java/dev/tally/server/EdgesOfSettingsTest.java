package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.settings.ServerSettings;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** A value that is accepted works wherever it goes. */
class EdgesOfSettingsTest {

  /**
   * They say where to listen, not how much or how long; a delay is waited for; a leeway needs
   * tokens; and the partitions have a bound of the message log's own.
   */
  private static final Set<String> AS_THEY_ARE =
      Set.of(
          "--port", "--admin-port", "--drain-delay", "--auth-leeway", "--message-log-partitions");

  private static final List<String> LONG = List.of("100000000d", "366d");
  private static final List<String> LARGE =
      List.of("9223372036854775807", "2147483647", "1073741824", "1048576", "10000");
  private static final List<String> SHORT = List.of("1ms");
  private static final List<String> SMALL = List.of("0", "1", "8", "512");

  @TempDir private Path directory;

  @Test
  void theLargestValuesServe() throws Exception {
    try (Processes processes = new Processes(directory)) {
      Process server = processes.launch("server", "", arguments(LONG, LARGE));
      String address = "ws://127.0.0.1:" + processes.port("server") + "/ws/chat/";
      List<String> client = new ArrayList<>(List.of("client", address));
      for (String flag : List.of("give-up-after", "connect-timeout", "welcome-timeout")) {
        client.addAll(List.of("--" + flag, "366d"));
      }
      client.addAll(List.of("--ping-interval", "366d", "--max-unacknowledged", "2147483647"));
      Process counted = processes.launch("client", "", client.toArray(String[]::new));
      try (Writer lines = counted.outputWriter()) {
        lines.write("a\nb\n");
      }

      assertThat(Processes.exitCode(counted)).as(processes.output("client")).isZero();
      assertThat(processes.output("client")).startsWith("1\n2\n");
      endsWell(processes, server);
    }
  }

  @Test
  void theSmallestValuesStart() throws Exception {
    try (Processes processes = new Processes(directory)) {
      Process server = processes.launch("server", "", arguments(SHORT, SMALL));
      assertThat(processes.port("server")).isPositive();
      endsWell(processes, server);
    }
  }

  private static void endsWell(Processes processes, Process server) throws Exception {
    server.destroy();
    assertThat(Processes.exitCode(server)).isZero();
    assertThat(processes.output("server"))
        .contains("\"event\":\"stop\"")
        .doesNotContain("\"level\":\"ERROR\"", "stack_trace");
  }

  private static String[] arguments(List<String> durations, List<String> numbers) {
    List<String> arguments =
        new ArrayList<>(List.of("--host", "127.0.0.1", "--port", "0", "--admin-port", "0"));
    arguments.addAll(List.of("--log-format", "json"));
    for (OptionSpec option : new ServerSettings().options()) {
      if (!AS_THEY_ARE.contains(option.longestName())) {
        switch (option.paramLabel()) {
          case "DURATION" -> add(arguments, option, durations.stream());
          case "N", "BYTES" -> add(arguments, option, numbers.stream());
          default -> {}
        }
      }
    }
    return arguments.toArray(String[]::new);
  }

  /** Adds the first of the values that the flag takes. */
  private static void add(List<String> arguments, OptionSpec option, Stream<String> values) {
    arguments.add(option.longestName());
    arguments.add(values.filter(value -> takes(option, value)).findFirst().orElseThrow());
  }

  private static boolean takes(OptionSpec option, String value) {
    try {
      return option.converters()[0].convert(value) != null;
    } catch (TypeConversionException e) {
      return false;
    } catch (Exception e) {
      throw new AssertionError(option.longestName() + " says no sentence about " + value, e);
    }
  }
}
