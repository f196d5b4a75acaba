package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.auth.Issuer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two servers as they are shipped, a token that is revoked, and the documented commands. */
class RevokeProcessTest {

  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(US_ASCII);
  private static final Pattern COMMANDS =
      Pattern.compile("RevokeProcessTest.java -->\n```sh\n(.*?)```", Pattern.DOTALL);
  private static final Pattern ADMIN_PORT = Pattern.compile("\"admin_port\":(\\d+)");

  @TempDir private Path directory;
  private Processes processes;

  @BeforeEach
  void start() {
    processes = new Processes(directory);
  }

  @AfterEach
  void stop() {
    processes.close();
  }

  private void server(String name, String... more) throws IOException {
    Path secret = directory.resolve("secret");
    Files.write(secret, SECRET);
    List<String> arguments = new ArrayList<>(List.of("--host", "127.0.0.1"));
    // Not 0, which means none: a free port cannot be asked for.
    arguments.addAll(List.of("--port", "0", "--admin-port", Integer.toString(freePort())));
    arguments.addAll(List.of("--log-format", "json", "--auth-secret-file", secret.toString()));
    arguments.addAll(List.of(more));
    processes.launch(name, "", arguments.toArray(String[]::new));
  }

  private static int freePort() throws IOException {
    Process script = new ProcessBuilder("../ops/free-port.sh").start();
    return Integer.parseInt(new String(script.getInputStream().readAllBytes(), UTF_8).strip());
  }

  private int adminPort(String name) throws Exception {
    Matcher ready = ADMIN_PORT.matcher(processes.output(name));
    assertThat(ready.find()).isTrue();
    return Integer.parseInt(ready.group(1));
  }

  private RawClient open(String server, String subject, Instant expiry) throws Exception {
    String claims =
        String.format(Locale.ROOT, "{\"sub\":\"%s\",\"exp\":%d}", subject, expiry.getEpochSecond());
    return RawClient.open(
        processes.port(server),
        "/ws/chat/",
        "Sec-WebSocket-Protocol: tally.v1, bearer." + Issuer.hs256(SECRET, claims));
  }

  private String documentedCommands() throws Exception {
    Matcher commands =
        COMMANDS.matcher(Files.readString(Path.of("..", "docs", "operations", "revoke.md")));
    assertThat(commands.find()).isTrue();
    String adapted =
        commands
            .group(1)
            .replace("127.0.0.1:8001", "127.0.0.1:" + adminPort("blue"))
            .replace("127.0.0.1:8011", "127.0.0.1:" + adminPort("green"));
    ProcessBuilder bash = new ProcessBuilder("bash", "-eu", "-c", adapted);
    bash.environment().keySet().removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    Process run = bash.redirectErrorStream(true).start();
    return new String(run.getInputStream().readAllBytes(), UTF_8);
  }

  @Test
  void documentedCommandsCloseWhatTheSubjectHasOpenOnEveryInstance() throws Exception {
    server("blue");
    server("green");
    Instant later = Instant.now().plusSeconds(3600);
    try (RawClient here = open("blue", "alice@example.org", later);
        RawClient there = open("green", "alice@example.org", later);
        RawClient other = open("green", "bob@example.org", later)) {
      here.next();
      there.next();
      other.next();

      assertThat(documentedCommands()).isEqualTo("{\"closed\": 1}\n{\"closed\": 1}\n");

      assertThat(here.next().closeCode()).isEqualTo(4403);
      assertThat(there.next().closeCode()).isEqualTo(4403);
      other.text("one");
      other.expectCount(1);
      assertThat(documentedCommands()).isEqualTo("{\"closed\": 0}\n{\"closed\": 0}\n");
    }
    assertThat(processes.output("blue") + processes.output("green"))
        .contains("\"code\":4403")
        .doesNotContain("alice", "bob");
  }

  @Test
  void leewayOfTheSettingsHoldsForOpenConnectionsToo() throws Exception {
    server("blue", "--auth-leeway", "1s");
    processes.port("blue");
    try (RawClient client = open("blue", "alice@example.org", Instant.now().plusSeconds(5))) {
      assertThat(client.next().text()).contains("\"expires_in_s\": ");

      client.expectClose(4401, "token expired");
    }
  }
}
