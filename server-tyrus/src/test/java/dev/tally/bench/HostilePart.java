package dev.tally.bench;

import dev.tally.server.client.HonestClients;
import dev.tally.server.client.HonestClients.Replies;
import dev.tally.session.redis.testing.FreePort;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.HdrHistogram.Histogram;

/** What clients that behave notice of one that does not, and how the server gets through it. */
final class HostilePart {

  private static final int HONEST = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PAUSE_OF_REDIS = Duration.ofSeconds(8);

  private static final String HEADER =
      """
      | attack | before, ms | during, ms | unanswered | closed | heap, MB | not counted once | newcomers | `/readyz` | afterwards |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|---|
      """;

  private final Lab lab;
  private final ScheduledExecutorService threads = new ScheduledThreadPoolExecutor(50);

  private HostilePart(Lab lab) {
    this.lab = lab;
  }

  /**
   * One row of the table, with a server of its own.
   *
   * @param seconds how long the clients send while they are attacked
   * @param maxConnections of the server; 0 for its default
   * @param pausesRedis whether sessions are in a Redis that stands still at the beginning of it
   */
  private record Scenario(
      Attack attack, int sockets, double seconds, int maxConnections, boolean pausesRedis) {

    Scenario(Attack attack, int sockets, double seconds) {
      this(attack, sockets, seconds, 0, false);
    }

    static Scenario pausingRedis(Attack attack, int sockets) {
      return new Scenario(attack, sockets, 10, 0, true);
    }

    /** Room for whoever behaves, but not for all of the attacker's sockets. */
    static Scenario narrow(Attack attack, int sockets) {
      return new Scenario(attack, sockets, 10, 200, false);
    }

    /** With the number of connections that the attacker has opened, where that is of interest. */
    String title(long opened) {
      return attack.title(sockets)
          + (attack == Attack.CONNECTS ? String.format(Locale.ROOT, ": %,d", opened) : "")
          + (pausesRedis ? ", Redis paused for 8 s" : "")
          + (maxConnections > 0 ? ", `--max-connections " + maxConnections + "`" : "");
    }
  }

  private static final List<Scenario> ALL =
      List.of(
          new Scenario(Attack.NOTHING, 0, 10),
          new Scenario(Attack.READERS, 8, 10),
          new Scenario(Attack.READERS, 64, 10),
          new Scenario(Attack.READERS, 512, 10),
          new Scenario(Attack.UNFINISHED, 10_000, 10),
          // Until the kernel's buffers are full nothing gathers at the server.
          new Scenario(Attack.PINGS, 50, 40),
          new Scenario(Attack.PINGS, 1000, 10),
          new Scenario(Attack.FRAGMENTS, 50, 10),
          new Scenario(Attack.FRAGMENTS, 1000, 10),
          new Scenario(Attack.MESSAGES, 50, 10),
          new Scenario(Attack.MESSAGES, 1000, 10),
          Scenario.pausingRedis(Attack.NOTHING, 0),
          Scenario.pausingRedis(Attack.PENDING, 47),
          new Scenario(Attack.CONNECTS, 500, 60),
          Scenario.narrow(Attack.IDLE, 400),
          new Scenario(Attack.ADMIN, 20, 10));

  /** The smallest of each kind, with few sockets: a look at whether all of it runs. */
  private static final List<Scenario> BRIEF =
      List.of(
          new Scenario(Attack.READERS, 8, 1),
          new Scenario(Attack.UNFINISHED, 100, 1),
          new Scenario(Attack.PINGS, 10, 1),
          new Scenario(Attack.FRAGMENTS, 10, 1),
          new Scenario(Attack.MESSAGES, 10, 1),
          Scenario.pausingRedis(Attack.PENDING, 47),
          new Scenario(Attack.CONNECTS, 10, 1),
          Scenario.narrow(Attack.IDLE, 400),
          new Scenario(Attack.ADMIN, 20, 1));

  static String run(Lab lab) throws IOException {
    HostilePart part = new HostilePart(lab);
    StringBuilder table = new StringBuilder(HEADER);
    try {
      for (Scenario scenario : lab.brief() ? BRIEF : ALL) {
        String row = part.row(scenario);
        System.out.print(row);
        table.append(row);
      }
    } finally {
      part.threads.shutdownNow();
    }
    return table + Report.commands(lab, List.of(part.peer("ADMIN_PORT")));
  }

  private Peer peer(String adminPort, String... flags) {
    List<String> arguments =
        new ArrayList<>(List.of("-jar", lab.jar().toString(), "--host", "127.0.0.1", "--port"));
    arguments.addAll(List.of("{port}", "--admin-port", adminPort, "--log-level", "warn"));
    arguments.addAll(List.of(flags));
    return new Peer(
        Peers.TALLY, lab.jvm().with("-Xmx256m").command(arguments.toArray(String[]::new)));
  }

  private String row(Scenario scenario) throws IOException {
    if (!scenario.pausesRedis) {
      return row(scenario, () -> {}, "--max-connections", "" + scenario.maxConnections);
    }
    try (RedisServer redis = RedisServer.start()) {
      Duration pause = lab.brief() ? lab.seconds(1) : PAUSE_OF_REDIS;
      return row(
          scenario,
          () -> {
            redis.pause();
            var unused = threads.schedule(redis::resume, pause.toMillis(), TimeUnit.MILLISECONDS);
          },
          "--redis-url",
          redis.url());
    }
  }

  private String row(Scenario scenario, Runnable trouble, String... flags) throws IOException {
    Path log = lab.output().resolve("hostile.log");
    Files.deleteIfExists(log);
    int port = FreePort.pick();
    int adminPort = FreePort.pick();
    int target = scenario.attack == Attack.ADMIN ? adminPort : port;
    List<String> command = peer("" + adminPort, flags).command(port);
    URI uri = URI.create("ws://127.0.0.1:" + port + "/ws/chat/");
    try (ServerProcess server = ServerProcess.start(command, port, log);
        HonestClients clients = new HonestClients(uri, HONEST)) {
      clients.send(lab.seconds(2), PATIENCE);
      Replies before = clients.send(lab.seconds(5), PATIENCE);
      try (AttackProcess attack =
          AttackProcess.open(lab, scenario.attack, scenario.sockets, target)) {
        Duration time = lab.seconds(scenario.seconds);
        trouble.run();
        attack.begin();
        Probes newcomers = new Probes(threads, time, () -> Probes.letsIn(port));
        Probes readiness = new Probes(threads, time, () -> Probes.isReady(adminPort));
        Replies during = clients.send(time, PATIENCE);
        List<String> cells = new ArrayList<>();
        cells.add(times(before));
        cells.add(times(during));
        cells.add("" + during.unanswered());
        cells.add(closed(clients));
        cells.add(heap(server));
        long opened = attack.end();
        cells.add("" + clients.finish());
        cells.add(newcomers.result());
        cells.add(readiness.result());
        cells.add(afterwards(server, log));
        cells.add(0, scenario.title(opened));
        return "| " + String.join(" | ", cells) + " |\n";
      }
    } catch (TimeoutException | ExecutionException | InterruptedException e) {
      throw new IOException(scenario.title(0), e);
    }
  }

  private static String times(Replies replies) {
    Histogram latency = replies.latency();
    return String.format(
        Locale.ROOT,
        "%,.1f / %,.1f / %,.1f",
        latency.getValueAtPercentile(50) / 1e3,
        latency.getValueAtPercentile(99) / 1e3,
        latency.getMaxValue() / 1e3);
  }

  private static String closed(HonestClients clients) {
    long turnedAway = clients.turnedAway();
    return clients.closed() + (turnedAway > 0 ? ", " + turnedAway + " with 1013" : "");
  }

  private String heap(ServerProcess server) {
    try {
      return "" + server.liveHeapBytes(lab.jvm().tool("jcmd")) / 1_000_000;
    } catch (IOException e) {
      return "?";
    }
  }

  private static String afterwards(ServerProcess server, Path log) throws IOException {
    String state =
        !server.isAlive() ? "has died" : Probes.letsIn(server.port()) ? "serves" : "answers nobody";
    long errors;
    try (var lines = Files.lines(log)) {
      errors = lines.filter(line -> line.contains("OutOfMemoryError")).count();
    }
    return errors == 0 ? state : state + ", " + errors + " × OutOfMemoryError";
  }
}
