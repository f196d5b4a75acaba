package dev.tally.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.Await;
import dev.tally.server.Main;
import dev.tally.server.client.HonestClients;
import dev.tally.server.client.HonestClients.Replies;
import dev.tally.session.redis.testing.FreePort;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The instruments of {@code make bench BENCH=hostile}: the attackers, and those who are timed. */
class HostileTest {

  private static final Duration MOMENT = Duration.ofMillis(300);

  @TempDir private Path directory;

  private Lab lab;

  @BeforeEach
  void setUp() {
    lab = new Lab(directory, directory, true);
  }

  private ServerProcess start() throws IOException {
    int port = FreePort.pick();
    List<String> command =
        lab.jvm()
            .with("-Xmx128m")
            .command(
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--host=127.0.0.1",
                "--port=" + port,
                "--admin-port=0");
    return ServerProcess.start(command, port, directory.resolve("log"));
  }

  @Test
  void whoBehavesIsTimedAndADeadServerIsNotHidden() throws Exception {
    try (ServerProcess server = start();
        HonestClients clients = new HonestClients(uri(server), 4)) {
      Replies well = clients.send(MOMENT, Duration.ofMinutes(1));
      assertThat(well.latency().getTotalCount()).isEqualTo(12);
      assertThat(well.unanswered() + clients.closed()).isZero();

      ProcessHandle.of(server.pid()).orElseThrow().destroyForcibly();
      Replies badly = clients.send(MOMENT, MOMENT);
      assertThat(badly.latency().getMaxValue()).isGreaterThanOrEqualTo(MOMENT.toNanos() / 1000);
      assertThat(badly.unanswered()).isEqualTo(12);
      Await.until(() -> clients.closed() == 4);
    }
  }

  private static URI uri(ServerProcess server) {
    return URI.create("ws://127.0.0.1:" + server.port() + "/ws/chat/");
  }

  @Test
  void anAttackBeginsWhenItIsToldTo() throws Exception {
    try (ServerProcess server = start()) {
      try (AttackProcess attack = AttackProcess.open(lab, Attack.CONNECTS, 3, server.port())) {
        assertThat(attack.end()).isEqualTo(3);
      }
      try (AttackProcess attack = AttackProcess.open(lab, Attack.CONNECTS, 3, server.port())) {
        attack.begin();
        ServerProcess.sleep(MOMENT);
        assertThat(attack.end()).isGreaterThan(3);
      }
    }
  }
}
