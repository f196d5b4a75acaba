package dev.tally.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tally.session.redis.testing.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a part of the benchmark gets its servers from.
 *
 * @param root the checkout
 * @param installed where the peers are that are not Java
 * @param brief whether to look only whether all runs: one short round
 */
record Lab(Path root, Path installed, boolean brief) {

  /** A byte count that a chat message may well have. */
  static final int PAYLOAD_BYTES = 32;

  /** What is written here is not for keeping: the servers' logs. */
  Path output() throws IOException {
    return Files.createDirectories(root.resolve("server-tyrus/target/bench"));
  }

  /** Where plots go: beside the page, or nowhere that is kept when brief. */
  Path images() throws IOException {
    return brief ? output() : Files.createDirectories(root.resolve("docs/images"));
  }

  Path jar() {
    return root.resolve("server-tyrus/target/tally-server.jar");
  }

  /** The runtime that this one runs on. */
  Jvm jvm() {
    return new Jvm(Path.of(System.getProperty("java.home")), List.of("-Xmx1g"));
  }

  /** A newer runtime, which has compact object headers: JAVA_HOME_25, or where Debian puts it. */
  Optional<Jvm> jvm25() throws IOException {
    String home = System.getenv("JAVA_HOME_25");
    Path usual = Path.of("/usr/lib/jvm");
    if (home != null) {
      return Optional.of(new Jvm(Path.of(home), jvm().flags()));
    }
    if (!Files.isDirectory(usual)) {
      return Optional.empty();
    }
    try (Stream<Path> homes = Files.list(usual)) {
      return homes
          .filter(path -> path.getFileName().toString().contains("25"))
          .filter(path -> Files.isExecutable(path.resolve("bin/jcmd")))
          .findFirst()
          .map(path -> new Jvm(path, jvm().flags()));
    }
  }

  /** The same runtime with an archive of Tally's classes, as {@code make build} makes one. */
  Jvm withArchive(Jvm jvm) throws IOException {
    Path archive = output().resolve("tally-" + jvm.version() + ".jsa");
    List<String> command = new ArrayList<>(List.of("ops/archive.sh"));
    command.addAll(List.of(jar().toString(), archive.toString()));
    command.addAll(jvm.flags());
    ProcessBuilder script = new ProcessBuilder(command).directory(root.toFile());
    script.environment().put("JAVA_HOME", jvm.home().toString());
    run(script);
    List<String> flags = new ArrayList<>(jvm.flags());
    flags.add("-XX:SharedArchiveFile=" + archive);
    return new Jvm(jvm.home(), flags);
  }

  Peers peers(Jvm jvm) {
    return new Peers(jvm, jar(), installed);
  }

  ServerProcess start(Peer peer) throws IOException {
    int port = FreePort.pick();
    Path log = output().resolve(peer.name().replace(' ', '-') + ".log");
    return ServerProcess.start(peer.command(port), port, log);
  }

  /** One server after the other, in each round; all of them stay up until the end. */
  void inTurns(List<Peer> peers, int rounds, Turn turn) throws IOException {
    List<ServerProcess> servers = new ArrayList<>();
    try {
      for (Peer peer : peers) {
        servers.add(start(peer));
      }
      for (int round = 0; round < (brief ? 1 : rounds); round++) {
        for (int i = 0; i < servers.size(); i++) {
          turn.measure(peers.get(i).name(), servers.get(i), round);
        }
      }
    } finally {
      for (ServerProcess server : servers) {
        server.close();
      }
    }
  }

  /** What is done with one server in one round. */
  interface Turn {
    void measure(String name, ServerProcess server, int round) throws IOException;
  }

  /** Runs a command that has to succeed, and returns what it printed. */
  String run(ProcessBuilder command) throws IOException {
    Process process = command.redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command.command() + " failed:\n" + printed);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    return printed;
  }

  Duration seconds(double usual) {
    return Duration.ofMillis((long) (brief ? 500 : usual * 1000));
  }
}
