package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.RedisSessionStore;
import dev.tally.session.redis.RedisUrl;
import dev.tally.session.redis.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tail} in a process of its own, with a real Redis. */
class TailProcessTest {

  private static final int PARTITIONS = 4;

  private final RedisServer redis = RedisServer.start();
  private final List<Lease> leases = new ArrayList<>();
  private RedisSessionStore store;
  private Processes processes;

  @BeforeEach
  void prepare(@TempDir Path directory) {
    processes = new Processes(directory);
    store =
        new RedisSessionStore(
            RedisUrl.parse(redis.url(), Duration.ofMinutes(10)),
            Optional.of(new MessageLog(PARTITIONS, 0)),
            ChatMetrics.NONE);
    for (int i = 0; i < 8; i++) {
      leases.add(store.open(SessionId.random()));
    }
  }

  @AfterEach
  void stop() {
    processes.close();
    store.close();
    redis.close();
  }

  @Test
  void allPartitionsAreOneLogInTheOrderOfTime() throws Exception {
    for (int n = 1; n <= 300; n++) {
      for (int i = 0; i < leases.size(); i++) {
        say(leases.get(i), n, "message " + n + " of " + i);
      }
    }

    List<String> lines = tail("--no-follow", "--json");

    assertThat(lines).hasSize(2400);
    assertThat(lines.stream().map(line -> field(line, "at"))).isSorted();
    for (int i = 0; i < leases.size(); i++) {
      String session = leases.get(i).sessionId().text();
      List<String> texts =
          lines.stream()
              .filter(line -> field(line, "session").equals(session))
              .map(line -> field(line, "text"))
              .toList();
      assertThat(texts)
          .hasSize(300)
          .startsWith("message 1 of " + i)
          .endsWith("message 300 of " + i);
    }
  }

  @Test
  void oneSessionIsShownByItsIdAndByItsNameInLogs() throws Exception {
    leases.forEach(lease -> say(lease, 1, "hello"));
    SessionId id = leases.get(3).sessionId();

    assertThat(tail("--no-follow", "--session", id.text()))
        .singleElement()
        .asString()
        .endsWith("Z  " + id.hash() + "  1  \"hello\"");
    assertThat(tail("--no-follow", "--session", id.hash())).hasSize(1);
  }

  @Test
  void whatATerminalWouldObeyIsEscapedAndGapsAreShown() throws Exception {
    say(leases.get(0), 1, "\u001b[2J \"quoted\"\nnext");
    say(leases.get(0), 4, "four");

    assertThat(tail("--no-follow", "--from", "1h").stream().map(line -> line.substring(26)))
        .containsExactly(
            name(0) + "  1  \"\\u001b[2J \\\"quoted\\\"\\nnext\"",
            name(0) + "  2-3  not in the log",
            name(0) + "  4  \"four\"");
  }

  @Test
  void newMessagesAreShownAsTheyCome() throws Exception {
    say(leases.get(0), 1, "before");
    processes.launch("tail", "", "tail", "--redis-url", redis.url());

    // It begins at the end of the log, whenever it comes to it.
    long said = 1;
    while (processes.output("tail").lines().count() < 3) {
      say(leases.get(0), ++said, "later");
      Thread.onSpinWait();
    }
    redis.kill();
    Await.until(() -> processes.output("tail").contains("cannot be reached"));

    assertThat(processes.output("tail")).doesNotContain("before").contains("\"later\"");
  }

  @Test
  void userThatMayOnlyLookIsEnough() throws Exception {
    Matcher user =
        Pattern.compile("(?m)^ACL SETUSER .*$")
            .matcher(Files.readString(Path.of("../docs/operations/tail.md")));
    assertThat(user.find()).isTrue();
    redis.cli(user.group().split(" "));
    say(leases.get(0), 1, "hello");

    String url = redis.url().replace("://", "://looker:secret@");
    Process tail =
        processes.launch("tail", "", "tail", "--redis-url", url, "--no-follow", "--from", "1h");
    assertThat(Processes.exitCode(tail)).isZero();
    assertThat(processes.output("tail")).endsWith("  1  \"hello\"\n");
    tail = processes.launch("tail", "", "tail", "--redis-url", url + "/0", "--no-follow");
    assertThat(Processes.exitCode(tail)).isZero();
    assertThat(redis.cli("ACL", "LOG")).isEmpty();
  }

  @Test
  void withoutALogItSaysSo() throws Exception {
    redis.cli("FLUSHALL");
    Process tail = processes.launch("tail", "", "tail", "--redis-url", redis.url());

    assertThat(Processes.exitCode(tail)).isEqualTo(1);
    assertThat(processes.output("tail")).startsWith("tally-server tail: there is no message log");
  }

  private void say(Lease lease, long number, String text) {
    store.commit(new Commit(lease, number, false, List.of(text.getBytes(StandardCharsets.UTF_8))));
  }

  private String name(int lease) {
    return leases.get(lease).sessionId().hash();
  }

  private static String field(String line, String name) {
    String start = "\"" + name + "\":\"";
    int from = line.indexOf(start) + start.length();
    return line.substring(from, line.indexOf('"', from));
  }

  private List<String> tail(String... flags) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("tail", "--redis-url", redis.url()));
    arguments.addAll(List.of(flags));
    Process tail = processes.launch("tail", "", arguments.toArray(String[]::new));
    assertThat(Processes.exitCode(tail)).as(processes.output("tail")).isZero();
    return processes.output("tail").lines().toList();
  }
}
