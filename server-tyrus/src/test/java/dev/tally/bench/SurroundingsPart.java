package dev.tally.bench;

import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What stands around Tally: how many commits a second Redis takes, what Traefik costs. */
final class SurroundingsPart {

  private static final int SOCKETS = 5_000;
  private static final Pattern USED_MEMORY = Pattern.compile("used_memory:(\\d+)");
  private static final Pattern EMPTY_MEMORY = Pattern.compile("used_memory_startup:(\\d+)");

  private SurroundingsPart() {}

  static String run(Lab lab) throws IOException {
    return "Commits of a redis-server that does nothing else, by redis-benchmark with Tally's script:\n\n"
        + redis(lab)
        + String.format(
            Locale.ROOT,
            "\nTraefik in front of Tally, with 100 busy sockets and with %,d quiet ones:\n\n",
            SOCKETS)
        + traefik(lab);
  }

  private static String redis(Lab lab) throws IOException {
    Samples commits = new Samples();
    Path script = Path.of("session-redis/src/main/resources/dev/tally/session/redis/scripts");
    for (int sessions : new int[] {1, 10, 100}) {
      try (RedisServer redis = RedisServer.start()) {
        String hash =
            redis.cli(
                "script",
                "load",
                Files.readString(lab.root().resolve(script).resolve("commit.lua")));
        List<String> command = new ArrayList<>(List.of("redis-benchmark", "-p", "" + redis.port()));
        int calls = (lab.brief() ? 10_000 : 1_000_000) / sessions;
        command.addAll(List.of("-q", "-c", "4", "-P", "4", "-r", "100000", "-n", "" + calls));
        command.addAll(List.of("EVALSHA", hash, "" + sessions));
        for (int i = 0; i < sessions; i++) {
          command.add("tally:session:{__rand_int__}");
        }
        command.add("3600000");
        for (int i = 0; i < sessions; i++) {
          command.addAll(List.of("1", "1", "0"));
        }
        double before = ServerProcess.cpuSeconds(redis.pid());
        long start = System.nanoTime();
        lab.run(new ProcessBuilder(command));
        double seconds = (System.nanoTime() - start) / 1e9;
        double used = ServerProcess.cpuSeconds(redis.pid()) - before;
        String row = "" + sessions;
        commits.add(row, "commits a second", calls * sessions / seconds);
        commits.add(row, "µs of CPU a commit", used * 1e6 / calls / sessions);
        commits.add(row, "bytes a session", bytesPerSession(redis));
      }
    }
    return commits.table("sessions in one call", "%,.1f", "");
  }

  private static double bytesPerSession(RedisServer redis) {
    Matcher used = USED_MEMORY.matcher(redis.cli("info", "memory"));
    Matcher empty = EMPTY_MEMORY.matcher(redis.cli("info", "memory"));
    if (!used.find() || !empty.find()) {
      throw new IllegalStateException("redis-server does not say how much memory it uses");
    }
    long bytes = Long.parseLong(used.group(1)) - Long.parseLong(empty.group(1));
    return (double) bytes / Long.parseLong(redis.cli("dbsize"));
  }

  private static String traefik(Lab lab) throws IOException {
    Path binary;
    try {
      binary = Path.of(lab.run(new ProcessBuilder("ops/traefik/install.sh", "--offline")).strip());
    } catch (IOException e) {
      return "left out: there is no Traefik here\n";
    }
    Samples cost = new Samples();
    try (ServerProcess tally = lab.start(lab.peers(lab.jvm()).tally(Peers.TALLY));
        ServerProcess traefik = lab.start(inFrontOf(lab, binary, tally.port()))) {
      busy(lab, traefik, tally, new Samples());
      busy(lab, traefik, tally, cost);
      long before = traefik.rssKilobytes();
      try (LoadGenerator load = new LoadGenerator(traefik.port(), Lab.PAYLOAD_BYTES)) {
        load.connect(SOCKETS, 500);
        load.openLoop(Duration.ofSeconds(5), lab.seconds(5)).exact();
        double kilobytes = traefik.rssKilobytes() - before;
        cost.add("Traefik", "KB a socket", kilobytes / SOCKETS);
      }
    }
    return cost.table("process", "%.1f", "");
  }

  private static void busy(Lab lab, ServerProcess traefik, ServerProcess tally, Samples cost)
      throws IOException {
    try (LoadGenerator load = new LoadGenerator(traefik.port(), Lab.PAYLOAD_BYTES)) {
      load.connect(100, 100);
      load.closedLoop(1, lab.seconds(2)).exact();
      double traefikBefore = traefik.cpuSeconds();
      double tallyBefore = tally.cpuSeconds();
      Round round = load.closedLoop(1, lab.seconds(5)).exact();
      double traefikUsed = traefik.cpuSeconds() - traefikBefore;
      double tallyUsed = tally.cpuSeconds() - tallyBefore;
      cost.add("Traefik", "µs of CPU a message", traefikUsed * 1e6 / round.replies);
      cost.add("Tally behind it", "µs of CPU a message", tallyUsed * 1e6 / round.replies);
    }
  }

  private static Peer inFrontOf(Lab lab, Path binary, int port) throws IOException {
    Path routes = lab.output().resolve("traefik.yaml");
    Files.writeString(
        routes,
        String.format(
            Locale.ROOT,
            """
        http:
          routers:
            tally: {rule: "PathPrefix(`/`)", service: tally}
          services:
            tally: {loadBalancer: {servers: [{url: "http://127.0.0.1:%d"}]}}
        """,
            port));
    List<String> command =
        List.of(
            binary.toString(),
            "--entrypoints.web.address=127.0.0.1:{port}",
            "--providers.file.filename=" + routes,
            "--log.level=ERROR",
            "--global.checknewversion=false");
    return new Peer("Traefik", command);
  }
}
