package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.FreePort;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the processes write for other programs is the same for every user: a locale may have digits,
 * letters and an encoding of its own.
 */
class LocaleTest {

  /** 40 bytes in UTF-8; what cannot be read becomes a replacement character of three. */
  private static final String UMLAUTS = "ü".repeat(20);

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Duser.language=fa -Duser.country=IR -Dfile.encoding=US-ASCII",
        "-Duser.language=ar -Duser.country=EG",
        "-Duser.language=tr -Duser.country=TR",
        "-Duser.language=de -Duser.country=DE",
      })
  void changesNothingThatProgramsRead(String options) throws Exception {
    try (Processes processes = new Processes(directory)) {
      play(processes, options);
    }
  }

  private static void play(Processes processes, String options) throws Exception {
    int adminPort = FreePort.pick();
    String flags =
        "--host 127.0.0.1 --port 0 --log-format json --heartbeat 1s --max-message-bytes 40";
    Process server =
        processes.launch("server", options, (flags + " --admin-port " + adminPort).split(" "));
    int port = processes.port("server");

    Process client =
        processes.launch("client", options, "client", "ws://127.0.0.1:" + port + "/ws/chat/");
    try (var input = client.getOutputStream()) {
      input.write((UMLAUTS + "\n").repeat(12).getBytes(StandardCharsets.UTF_8));
    }
    assertThat(Processes.exitCode(client)).as(processes.output("client")).isZero();
    assertThat(processes.output("client"))
        .startsWith(
            String.join("\n", IntStream.rangeClosed(1, 12).mapToObj(Integer::toString).toList()))
        .contains("sent 12, counted 12, lost 0, duplicated 0, reconnects 0");

    for (String page : List.of("healthz", "readyz")) {
      assertThat(JsonMapper.shared().readTree(get(port, page)).has("status")).isTrue();
    }
    assertThat(get(adminPort, "metrics"))
        .contains("websocket_messages_total 12.0")
        .matches("\\p{ASCII}*");

    try (RawClient drained = RawClient.openTallyV1(port)) {
      JsonNode welcome = next(drained, "welcome");
      assertThat(welcome.get("count").asInt()).isZero();
      assertThat(welcome.get("ttl_s").asInt()).isEqualTo(3600);
      assertThat(next(drained, "heartbeat").get("ts").asString()).matches("[-:.\\dTZ]+");
      server.destroy();
      assertThat(next(drained, "bye").get("close_in_ms").isIntegralNumber()).isTrue();
    }
    assertThat(Processes.exitCode(server)).isZero();
    assertThat(processes.output("server")).matches("\\p{ASCII}*");
    assertThat(processes.output("server").lines().map(line -> JsonMapper.shared().readTree(line)))
        .allMatch(line -> line.get("timestamp").asString().matches("\\d{4}-\\d\\d-\\d\\dT.*Z"))
        .anyMatch(line -> line.get("event").asString().equals("stop"));
  }

  /** The next frame of that type; there may be pings before it. */
  private static JsonNode next(RawClient client, String type) throws IOException {
    JsonNode frame = JsonMapper.shared().readTree(client.next().text());
    while (!frame.path("type").asString("").equals(type)) {
      frame = JsonMapper.shared().readTree(client.next().text());
    }
    return frame;
  }

  private static String get(int port, String page) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + port + "/" + page);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
        .body();
  }
}
