package dev.tally.session.redis.testing;

import static dev.tally.chat.testing.Patience.PATIENCE;
import static dev.tally.chat.testing.Patience.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * A redis-server process for a test, on a free port of the loopback interface and with a temporary
 * directory. {@link #close} ends the process and removes the directory. It needs redis-server and
 * redis-cli in the PATH (Debian: apt install redis-server).
 */
public final class RedisServer implements AutoCloseable {

  private static final int STARTS = 5;

  private final Path directory;
  private final boolean sentinel;
  private final List<String> client = new ArrayList<>();
  private final Thread atExit = new Thread(this::kill);
  private int port;
  private Process process;

  RedisServer(boolean sentinel, List<String> settings, IntSupplier ports) {
    try {
      this.sentinel = sentinel;
      this.directory = Files.createTempDirectory("tally-redis");
      Runtime.getRuntime().addShutdownHook(atExit);
      for (String line : settings) {
        if (line.startsWith("requirepass ")) {
          client.addAll(
              List.of("--no-auth-warning", "-a", line.substring("requirepass ".length())));
        } else if (line.startsWith("tls-port")) {
          client.addAll(List.of("--tls", "--insecure"));
        }
      }
      // Another process may take a port between our check and the server's start.
      for (int tries = STARTS; tries > 0; tries--) {
        port = ports.getAsInt();
        configure(settings, ports.getAsInt());
        process = launch();
        if (isAnswering()) {
          return;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String log = log();
    close();
    throw new IllegalStateException("redis-server does not start: " + log);
  }

  private void configure(List<String> settings, int busPort) throws IOException {
    List<String> lines = new ArrayList<>(List.of("bind 127.0.0.1", "dir " + directory));
    if (settings.stream().noneMatch(line -> line.startsWith("tls-port"))) {
      lines.add("port " + port);
    }
    for (String line : settings) {
      lines.add(line.replace("{port}", "" + port).replace("{bus-port}", "" + busPort));
    }
    Files.write(directory.resolve("redis.conf"), lines);
  }

  /**
   * Starts a server that keeps nothing on disk.
   *
   * @param settings lines of redis.conf; {@code {port}} in them becomes the port, and {@code
   *     {bus-port}} another free one
   * @return the server; it answers already
   */
  public static RedisServer start(String... settings) {
    List<String> lines = new ArrayList<>(List.of("save \"\""));
    lines.addAll(Arrays.asList(settings));
    return new RedisServer(false, lines, FreePort::pick);
  }

  /**
   * Starts a Sentinel that monitors a master. It starts no failover before {@link
   * #takeSilenceForDeath}: on a busy machine a server that works may be silent for a while.
   *
   * @param masterName the name to give to the master
   * @param master the master
   * @param quorum how many Sentinels have to agree that it is down
   * @return the Sentinel; it answers already
   */
  public static RedisServer startSentinel(String masterName, RedisServer master, int quorum) {
    return new RedisServer(
        true,
        List.of(
            "sentinel monitor " + masterName + " 127.0.0.1 " + master.port() + " " + quorum,
            "sentinel down-after-milliseconds " + masterName + " 3600000",
            "sentinel failover-timeout " + masterName + " 3000"),
        FreePort::pick);
  }

  /**
   * Makes a Sentinel regard a server as down that does not answer for half a second.
   *
   * @param masterName the master that it monitors, with its replicas
   */
  public void takeSilenceForDeath(String masterName) {
    cli("SENTINEL", "SET", masterName, "down-after-milliseconds", "500");
  }

  /**
   * Where it listens.
   *
   * @return the port
   */
  public int port() {
    return port;
  }

  /**
   * Its process.
   *
   * @return the process id
   */
  public long pid() {
    return process.pid();
  }

  /**
   * Where it listens.
   *
   * @return host and port
   */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /**
   * How to reach it.
   *
   * @return a URL without options
   */
  public String url() {
    return "redis://" + address();
  }

  /**
   * Runs redis-cli against this server.
   *
   * @param arguments a command and its arguments
   * @return what it printed, without the last line's end; errors are printed too
   */
  public String cli(String... arguments) {
    try {
      List<String> command = new ArrayList<>(List.of("redis-cli", "-p", "" + port));
      command.addAll(client);
      command.addAll(Arrays.asList(arguments));
      Process cli = new ProcessBuilder(command).redirectErrorStream(true).start();
      cli.getOutputStream().close();
      String output = new String(cli.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      end(cli);
      return output.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops the process in its tracks: connections stay, nothing is answered. */
  public void pause() {
    signal("STOP");
  }

  /** Lets a paused process go on. */
  public void resume() {
    signal("CONT");
  }

  /** Ends the process at once, as a crash would. */
  public void kill() {
    process.destroyForcibly();
    end(process);
  }

  /** Starts the process again after {@link #kill}: same port, same directory. */
  public void restart() {
    try {
      process = launch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!isAnswering()) {
      throw new IllegalStateException("redis-server does not start again: " + log());
    }
  }

  @Override
  public void close() {
    kill();
    Runtime.getRuntime().removeShutdownHook(atExit);
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(RedisServer::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process launch() throws IOException {
    List<String> command =
        new ArrayList<>(List.of("redis-server", directory.resolve("redis.conf").toString()));
    if (sentinel) {
      command.add("--sentinel");
    }
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("redis.log").toFile()))
        .start();
  }

  /** Waits until it answers, or has ended. */
  private boolean isAnswering() {
    await()
        .alias("redis-server on port " + port)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () ->
                !process.isAlive()
                    || cli("INFO", "server").contains("process_id:" + process.pid() + "\r"));
    return process.isAlive();
  }

  private String log() {
    try {
      return Files.readString(directory.resolve("redis.log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void signal(String name) {
    try {
      end(new ProcessBuilder("kill", "-" + name, "" + process.pid()).start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(Process process) {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("process " + process.pid() + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
