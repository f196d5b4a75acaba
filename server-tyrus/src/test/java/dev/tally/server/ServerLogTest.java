package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.FreePort;
import java.io.BufferedReader;
import java.io.File;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a process says of log lines that nobody got. */
@Timeout(120)
class ServerLogTest {

  private static final Pattern PORT = Pattern.compile("\"event\":\"ready\",\"port\":(\\d+)");

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();
  private @Nullable Process server;

  @AfterEach
  void end() {
    if (server != null) {
      server.destroyForcibly();
    }
  }

  @Test
  void theStopEventOfACompleteLogSaysThatNothingIsMissing() throws Exception {
    BufferedReader log = start(ProcessBuilder.Redirect.PIPE, "info", 0).inputReader();
    port(log);

    List<String> lines = stop(log);

    assertThat(lines.get(lines.size() - 1)).contains("\"event\":\"stop\"");
    assertThat(number(lines.get(lines.size() - 1), "log_dropped_lines")).isZero();
    assertThat(lines).noneMatch(line -> line.contains("log_dropped\""));
  }

  /** Writes far more lines than the queue for them and the pipe behind it hold. */
  @Test
  void theStopEventSaysHowManyLinesASlowReaderCost() throws Exception {
    BufferedReader log = start(ProcessBuilder.Redirect.PIPE, "trace", 0).inputReader();
    int port = port(log);
    int connections = 600;
    for (int i = 0; i < connections; i++) {
      try (RawClient client = RawClient.open(port)) {
        client.text("counted");
        client.expectCount(1);
      }
    }

    List<String> lines = stop(log);

    String stop = lines.get(lines.size() - 1);
    assertThat(stop).contains("\"event\":\"stop\"");
    long closed = lines.stream().filter(line -> line.contains("\"event\":\"close\"")).count();
    assertThat(closed).isLessThan(connections);
    assertThat(number(stop, "log_dropped_lines")).isGreaterThanOrEqualTo(connections - closed);
    assertThat(
            lines.stream()
                .filter(line -> line.contains("\"event\":\"log_dropped\""))
                .mapToLong(line -> number(line, "lines"))
                .sum())
        .isEqualTo(number(stop, "log_dropped_lines"));
  }

  /** Of a JVM with the option that all starts of ours give it. */
  @Test
  void aThreadDumpLeavesStandardOutputToTheLog() throws Exception {
    Process started = start(ProcessBuilder.Redirect.PIPE, "info", 0);
    BufferedReader log = started.inputReader();
    port(log);
    BufferedReader errors = started.errorReader();

    assertThat(new ProcessBuilder("kill", "-QUIT", "" + started.pid()).start().waitFor()).isZero();
    while (!Objects.requireNonNull(errors.readLine(), "no dump").startsWith("Full thread dump")) {}

    assertThat(stop(log)).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
  }

  @Test
  void linesThatAFullDiskDoesNotTakeAreCounted() throws Exception {
    int admin = FreePort.pick();
    start(ProcessBuilder.Redirect.to(new File("/dev/full")), "info", admin);

    Await.until(() -> dropped(admin) > 0);
  }

  private double dropped(int admin) throws Exception {
    try {
      var response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + "/metrics")).build(),
              BodyHandlers.ofString());
      return response
          .body()
          .lines()
          .filter(line -> line.startsWith("log_dropped_lines_total "))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
          .sum();
    } catch (ConnectException e) {
      return 0;
    }
  }

  private Process start(ProcessBuilder.Redirect output, String level, int admin) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx128m",
            "-XX:+DisplayVMOutputToStderr",
            "-cp",
            System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--admin-port", "" + admin));
    command.addAll(List.of("--log-format", "json", "--log-level", level));
    Process started = new ProcessBuilder(command).redirectOutput(output).start();
    server = started;
    return started;
  }

  private static int port(BufferedReader log) throws Exception {
    Matcher ready = PORT.matcher("");
    while (!ready.find()) {
      ready = PORT.matcher(Objects.requireNonNull(log.readLine(), "it has ended"));
    }
    return Integer.parseInt(ready.group(1));
  }

  /** Ends the server and reads what is left of its log. */
  private List<String> stop(BufferedReader log) throws Exception {
    Process ending = Objects.requireNonNull(server);
    // Not the process itself, which would close the log.
    assertThat(ending.toHandle().destroy()).isTrue();
    List<String> lines = log.lines().toList();
    assertThat(ending.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ending.exitValue()).isZero();
    return lines;
  }

  private static long number(String line, String field) {
    Matcher found = Pattern.compile("\"" + field + "\":(\\d+)").matcher(line);
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(1));
  }
}
