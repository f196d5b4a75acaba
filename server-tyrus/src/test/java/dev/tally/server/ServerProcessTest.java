package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.FreePort;
import dev.tally.session.redis.testing.RedisServer;
import java.io.BufferedReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server as its operators have it: a process, signals, exit codes, and the JDK's client. */
class ServerProcessTest {

  private static final Pattern READY = Pattern.compile("\"event\":\"ready\",\"port\":(\\d+)");
  private static final Pattern LISTENING = Pattern.compile("bound to \\[127\\.0\\.0\\.1:(\\d+)\\]");
  private static final long PATIENCE_SECONDS = 120;

  @TempDir private Path directory;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(PATIENCE_SECONDS)).build();
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void endProcesses() {
    processes.forEach(Process::destroyForcibly);
  }

  @Test
  void aSessionGoesOnAfterKillAndIsSentAwayAtSigterm() throws Exception {
    String id = "6f2b0f0e-9d0c-4b43-8f2e-0a3f5d7c1b2a";
    try (RedisServer redis = RedisServer.start()) {
      Process first = start("first", "--redis-url", redis.url());
      Received before = connect(port("first", READY), id);
      before.socket().sendText("a", true).join();
      assertThat(before.next()).isEqualTo("{\"count\": 1}");
      first.destroyForcibly().waitFor();

      Process second = start("second", "--redis-url", redis.url());
      Received after = connect(port("second", READY), id);
      after.socket().sendText("b", true).join();
      assertThat(after.next()).isEqualTo("{\"count\": 2}");

      second.destroy();
      assertThat(after.next()).isEqualTo("{\"bye\": true, \"total\": 2}");
      assertThat(after.next()).startsWith("1001 retry_after_ms=");
      assertThat(exitCode(second)).isZero();
      assertThat(log("second")).contains("\"event\":\"drain\"", "\"event\":\"stop\"");
      assertThat(log("second")).doesNotContain(id);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "HUP"})
  void otherSignalsDrainToo(String name) throws Exception {
    Process server = start("server");
    port("server", READY);
    signal(server, name);
    assertThat(exitCode(server)).isZero();
    assertThat(log("server")).contains("\"event\":\"stop\"");
  }

  @Test
  void aSecondSignalEndsAtOnce() throws Exception {
    Process server = start("server", "--drain-delay", "10m");
    port("server", READY);
    signal(server, "TERM");
    Await.until(() -> log("server").contains("\"event\":\"drain\""));
    signal(server, "TERM");
    assertThat(exitCode(server)).isEqualTo(130);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--port", "--admin-port"})
  void aPortInUseIsSaidWithWhatToDoAndExitCodeOne(String option) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      Process server = start("server", option, port);
      assertThat(exitCode(server)).isEqualTo(1);
      assertThat(log("server"))
          .contains(
              "tally-server: cannot listen on 127.0.0.1:"
                  + port
                  + ": Address already in use. Stop what listens there, or choose another port with "
                  + option
                  + ".");
    }
  }

  /** Writes far more lines than the queue for them and the pipe behind it hold. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLogThatNobodyReadsHarmsNobody(boolean readerIsGone) throws Exception {
    Process server =
        new ProcessBuilder(
                command(
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--admin-port",
                    "0",
                    "--log-format",
                    "json",
                    "--log-level",
                    "trace"))
            .redirectErrorStream(true)
            .start();
    processes.add(server);
    BufferedReader reader = server.inputReader();
    Matcher ready = READY.matcher("");
    while (!ready.find()) {
      ready = READY.matcher(Objects.requireNonNull(reader.readLine(), "it has ended"));
    }
    if (readerIsGone) {
      reader.close();
    }
    int port = Integer.parseInt(ready.group(1));
    for (int i = 0; i < 500; i++) {
      try (RawClient client = RawClient.open(port)) {
        client.text("counted");
        client.expectCount(1);
      }
    }
    signal(server, "TERM");
    assertThat(exitCode(server)).isZero();
  }

  @Test
  void moreConnectionsThanFileDescriptorsAreWarnedOf() throws Exception {
    start("server", "--max-connections", "2147483647");
    int port = port("server", READY);
    assertThat(log("server")).contains("2147483647 connections may come, but there are only");
    assertThat(readiness(port)).startsWith("200 ");
  }

  @Test
  void anUnknownFlagIsOneSentenceAndExitCodeTwo() throws Exception {
    Process server = start("server", "--colour", "blue");
    assertThat(exitCode(server)).isEqualTo(2);
    assertThat(log("server").lines()).hasSize(1).allMatch(line -> line.contains("--colour"));
  }

  @Test
  void itStartsBeforeItsRedisAndIsReadyOnceThatIsThere() throws Exception {
    try (RedisServer redis = RedisServer.start()) {
      redis.kill();
      start("server", "--redis-url", redis.url(), "--store-grace", "1ms");
      int port = port("server", LISTENING);
      Await.until(
          () ->
              readiness(port).startsWith("503 ") && readiness(port).contains("store_unavailable"));
      redis.restart();
      Await.until(() -> readiness(port).equals("200 {\"status\":\"ready\"}"));
      Await.until(() -> log("server").contains("\"event\":\"ready\""));
    }
  }

  @Test
  void theLogSaysWhichRedisAlsoIfTheUrlIsInAFile() throws Exception {
    Path file = Files.writeString(directory.resolve("url"), "redis://me:secret@127.0.0.1:1\n");
    start("server", "--redis-url-file", file.toString());
    Await.until(() -> log("server").contains("\"event\":\"start\""));
    assertThat(log("server"))
        .contains("\"store\":\"redis://***@127.0.0.1:1\"")
        .doesNotContain("secret");
  }

  @Test
  void theClientLosesNothingWhenItsServerIsKilled() throws Exception {
    try (RedisServer redis = RedisServer.start()) {
      String port = Integer.toString(FreePort.pick());
      Process first = start("first", "--redis-url", redis.url(), "--port", port);
      port("first", READY);
      Process client = launch("client", "client", "ws://127.0.0.1:" + port + "/ws/chat/");
      try (Writer lines = client.outputWriter()) {
        write(lines, 50);
        Await.until(() -> log("client").lines().filter("50"::equals).count() == 1);
        first.destroyForcibly().waitFor();
        write(lines, 50);
        start("second", "--redis-url", redis.url(), "--port", port);
      }
      assertThat(exitCode(client)).isZero();
      assertThat(log("client").lines().filter(line -> line.matches("\\d+")))
          .containsExactlyElementsOf(
              IntStream.rangeClosed(1, 100).mapToObj(Integer::toString).toList());
      assertThat(log("client")).contains("lost 0, duplicated 0");
    }
  }

  private static void write(Writer lines, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      lines.write("line\n");
    }
    lines.flush();
  }

  private Process start(String name, String... flags) throws Exception {
    List<String> command = new ArrayList<>(List.of("--host", "127.0.0.1", "--port", "0"));
    command.addAll(List.of("--admin-port", "0", "--log-format", "json"));
    for (int i = 0; i < flags.length; i += 2) {
      int given = command.indexOf(flags[i]);
      if (given >= 0) {
        command.set(given + 1, flags[i + 1]);
      } else {
        command.add(flags[i]);
        command.add(flags[i + 1]);
      }
    }
    return launch(name, command.toArray(String[]::new));
  }

  private Process launch(String name, String... arguments) throws Exception {
    Process process =
        new ProcessBuilder(command(arguments))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name).toFile())
            .start();
    processes.add(process);
    return process;
  }

  private static List<String> command(String... arguments) {
    // A shell that runs the tests in the background has them, and so their children, ignore SIGINT.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-cp", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  private String log(String name) throws Exception {
    return Files.readString(directory.resolve(name));
  }

  private int port(String name, Pattern line) throws Exception {
    Await.until(() -> line.matcher(log(name)).find());
    Matcher found = line.matcher(log(name));
    assertThat(found.find()).isTrue();
    return Integer.parseInt(found.group(1));
  }

  private String readiness(int port) throws Exception {
    var response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/readyz")).build(),
            BodyHandlers.ofString());
    return response.statusCode() + " " + response.body().strip();
  }

  private static void signal(Process process, String name) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  private static int exitCode(Process process) throws Exception {
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private Received connect(int port, String id) {
    BlockingQueue<String> frames = new LinkedBlockingQueue<>();
    WebSocket.Listener listener =
        new WebSocket.Listener() {
          @Override
          public @Nullable CompletionStage<?> onText(
              WebSocket socket, CharSequence data, boolean last) {
            frames.add(data.toString());
            socket.request(1);
            return null;
          }

          @Override
          public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            frames.add(code + " " + reason);
            return null;
          }
        };
    URI uri = URI.create("ws://127.0.0.1:" + port + "/ws/chat/?session_id=" + id);
    return new Received(http.newWebSocketBuilder().buildAsync(uri, listener).join(), frames);
  }

  /** A connection, and what came in on it: text frames, then the close. */
  private record Received(WebSocket socket, BlockingQueue<String> frames) {
    @Nullable String next() throws InterruptedException {
      return frames.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
