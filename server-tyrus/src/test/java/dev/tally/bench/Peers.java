package dev.tally.bench;

import dev.tally.bench.peer.JettyCounter;
import dev.tally.bench.peer.NettyCounter;
import dev.tally.bench.peer.TyrusCounter;
import dev.tally.bench.peer.UndertowCounter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The servers, and how each is started.
 *
 * @param jvm what the Java ones run on
 * @param jar Tally as its users have it
 * @param installed where setup.sh put the peers that are not Java
 */
record Peers(Jvm jvm, Path jar, Path installed) {

  static final String TALLY = "Tally";
  static final String NETTY = "Netty";

  Peer tally(String name, String... arguments) {
    List<String> command =
        new ArrayList<>(
            jvm.command(
                "-jar", jar.toString(), "--host", "127.0.0.1", "--port", "{port}", "--admin-port"));
    command.addAll(List.of("0", "--log-level", "warn", "--max-connections", "19900"));
    command.addAll(List.of(arguments));
    return new Peer(name, command);
  }

  /** Tally first, then the others on the JVM, all counting in memory. */
  List<Peer> onTheJvm() {
    return List.of(
        tally(TALLY),
        java(NETTY, NettyCounter.class),
        java("Undertow", UndertowCounter.class),
        java("Jetty", JettyCounter.class),
        java("Tyrus on Grizzly", TyrusCounter.class));
  }

  private Peer java(String name, Class<?> main) {
    String classPath = System.getProperty("java.class.path");
    return new Peer(name, jvm.command("-cp", classPath, main.getName(), "{port}"));
  }

  Optional<Peer> ws() {
    Path script = installed.resolve("ws/counter.mjs");
    return Files.exists(script)
        ? Optional.of(new Peer("npm ws", List.of("node", script.toString(), "{port}")))
        : Optional.empty();
  }

  /** Counts in Redis, or in memory if the URL is empty. */
  Optional<Peer> django(String name, String redisUrl) {
    Path directory = installed.resolve("python");
    Path uvicorn = directory.resolve("venv/bin/uvicorn");
    return Files.exists(uvicorn)
        ? Optional.of(
            new Peer(
                name,
                List.of(
                    "env",
                    "REDIS_URL=" + redisUrl,
                    uvicorn.toString(),
                    "--app-dir",
                    directory.toString(),
                    "--host=127.0.0.1",
                    "--port={port}",
                    "--backlog=4096",
                    "--log-level=warning",
                    "counter:application")))
        : Optional.empty();
  }

  List<Peer> all() {
    List<Peer> all = new ArrayList<>(onTheJvm());
    ws().ifPresent(all::add);
    django("Django", "").ifPresent(all::add);
    return all;
  }
}
