package dev.tally.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A server in a process of its own, what Linux says of it, and its end. */
final class ServerProcess implements AutoCloseable {

  static final Duration POLL = Duration.ofMillis(5);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final double TICK_SECONDS = 0.01;
  private static final int PAGE_KILOBYTES = 4;
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  private final Process process;
  private final int port;
  private final Thread atExit;

  private ServerProcess(Process process, int port) {
    this.process = process;
    this.port = port;
    this.atExit = new Thread(this::end);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Starts a command and waits until a WebSocket handshake succeeds: listening may come first. */
  static ServerProcess start(List<String> command, int port, Path log) throws IOException {
    return start(command, port, log, ServerProcess::upgrades);
  }

  /** Starts a command and waits until something is true of its port. */
  static ServerProcess start(List<String> command, int port, Path log, IntPredicate there)
      throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    ServerProcess server = new ServerProcess(process, port);
    long start = System.nanoTime();
    while (!there.test(port)) {
      if (!process.isAlive() || System.nanoTime() - start > PATIENCE.toNanos()) {
        server.close();
        throw new IOException(
            String.format(Locale.ROOT, "%s did not start, see %s", command.get(0), log));
      }
      sleep(POLL);
    }
    return server;
  }

  static boolean upgrades(int port) {
    try (OneSocket socket = new OneSocket(port)) {
      return socket.upgraded();
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether the server says that it is ready; Tally only. */
  static boolean ready(int port) {
    URI readiness = URI.create("http://127.0.0.1:" + port + "/readyz");
    try {
      return ((HttpURLConnection) readiness.toURL().openConnection()).getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  int port() {
    return port;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** CPU time of the process since its start. */
  double cpuSeconds() throws IOException {
    return cpuSeconds(pid());
  }

  /** CPU time of a process since its start. */
  static double cpuSeconds(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    // The name, in parentheses, may hold spaces; behind it utime and stime are the 12th and 13th.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_SECONDS;
  }

  /** Resident memory of the process. */
  long rssKilobytes() throws IOException {
    String[] fields = Files.readString(Path.of("/proc/" + pid() + "/statm")).split(" ", -1);
    return Long.parseLong(fields[1]) * PAGE_KILOBYTES;
  }

  /**
   * Bytes of the objects that are reachable, after a full collection; Java only. A process that
   * hangs may not say.
   */
  long liveHeapBytes(Path jcmd) throws IOException {
    Process histogram =
        new ProcessBuilder("timeout", "60", jcmd.toString(), "" + pid(), "GC.class_histogram")
            .start();
    Matcher total = TOTAL.matcher(new String(histogram.getInputStream().readAllBytes(), UTF_8));
    if (!total.find()) {
      throw new IOException("jcmd printed no histogram of process " + pid());
    }
    return Long.parseLong(total.group(1));
  }

  private void end() {
    try (Stream<ProcessHandle> children = process.descendants()) {
      children.forEach(ProcessHandle::destroyForcibly);
    }
    process.destroyForcibly();
  }

  @Override
  public void close() throws IOException {
    end();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException("process " + pid() + " does not end");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
