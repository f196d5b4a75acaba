package dev.tally.server;

import static dev.tally.chat.testing.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.FreePort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rounds of connections that end in every way leave nothing behind in the server, which is a
 * process of its own. The full size: {@code mvn -pl server-tyrus -am test -Dtest=LeakTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dtally.leak.connections=10000}.
 */
class LeakTest {

  private static final int ROUNDS = 10;
  private static final int CONNECTIONS = Integer.getInteger("tally.leak.connections", 500);

  /** Above it a connection that is over has left something. A leaked one takes thousands. */
  private static final int MAX_BYTES_PER_CONNECTION = 64;

  /** Buffers that threads make when they are first busy, and keep. */
  private static final int MAX_BYTES_KEPT_BY_THREADS = 1024 * 1024;

  /** Grizzly's threads keep the context of what they did last. */
  private static final int MAX_OBJECTS_KEPT_BY_THREADS = 8;

  /** What there is one of for each connection. */
  private static final List<String> OBJECTS =
      List.of(
          "dev.tally.server.grizzly.WebSocketConnection",
          "dev.tally.chat.ChatSession",
          "org.glassfish.tyrus.core.TyrusSession",
          "org.glassfish.grizzly.nio.transport.TCPNIOConnection");

  private final HttpClient http = HttpClient.newHttpClient();
  private int adminPort;
  @TempDir private Path directory;
  private Process server;
  private int port;

  private enum End {
    /** Both close frames, then FIN. */
    CLEAN,
    /** RST, nothing else. */
    RESET,
    /** FIN of this half, without a close frame. */
    HALF_CLOSED,
    /** Stays and never answers a ping: what a vanished peer looks like. */
    SILENT,
    RESET_WITHIN_A_MESSAGE,
    RESET_WITHIN_THE_HANDSHAKE
  }

  private record Client(RawClient socket, End end) {}

  @BeforeEach
  @SuppressWarnings("NullAway.Init") // the loop runs at least once
  void start() throws Exception {
    // Somebody else may get the free port first.
    for (boolean running = false; !running; ) {
      adminPort = FreePort.pick();
      running = start(directory.resolve("log"));
    }
  }

  private boolean start(Path log) throws Exception {
    server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--host=127.0.0.1",
                "--port=0",
                "--admin-port=" + adminPort,
                "--heartbeat=" + Math.max(400, CONNECTIONS / 4) + "ms")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Pattern ready = Pattern.compile("\"event\":\"ready\",\"port\":(\\d+)");
    Await.until(() -> ready.matcher(Files.readString(log)).find() || !server.isAlive());
    Matcher line = ready.matcher(Files.readString(log));
    if (!line.find()) {
      assertThat(log).content().contains("cannot listen on");
      return false;
    }
    port = Integer.parseInt(line.group(1));
    return true;
  }

  @AfterEach
  void stop() {
    server.destroyForcibly();
  }

  @Test
  void connectionsLeaveNothingBehindHoweverTheyEnd() throws Exception {
    round();
    round();
    Footprint before = awaitFootprint(now -> now.connectionsLeft().isEmpty());
    for (int i = 0; i < ROUNDS; i++) {
      round();
    }
    Footprint after = awaitFootprint(now -> now.leftSince(before).isEmpty());
    System.out.printf(Locale.ROOT, "%d rounds of %d connections%n", ROUNDS, CONNECTIONS);
    System.out.printf(Locale.ROOT, "before: %s%nafter:  %s%n", before, after);
    System.out.println("grown most: " + after.growth(before));
    assertThat(metric("websocket_errors_total{kind=\"dead_peer\",}")).isPositive();
    assertThat(metric("websocket_closes_total{code=\"1000\",}")).isPositive();
    assertThat(after.leftSince(before)).isEmpty();
  }

  /** As soon as it is as expected: a busy server has not seen every connection's end at once. */
  private Footprint awaitFootprint(Predicate<Footprint> expected) throws Exception {
    long start = System.nanoTime();
    Footprint now = footprint();
    while (!expected.test(now) && System.nanoTime() - start < PATIENCE.toNanos()) {
      now = footprint();
    }
    return now;
  }

  private void round() throws Exception {
    List<Client> clients = new ArrayList<>();
    End[] ends = End.values();
    for (int i = 0; i < CONNECTIONS; i++) {
      clients.add(connect(i, ends[i % ends.length]));
    }
    for (Client client : clients) {
      try {
        end(client);
      } catch (SocketException e) {
        // On a slow machine the server may have given it up as dead before its turn came.
      }
    }
    for (Client client : clients) {
      awaitEnd(client.socket());
    }
    Await.until(() -> metric("websocket_active_connections") == 0);
  }

  /** With the same session ids in each round, because the store keeps those. */
  private Client connect(int index, End end) throws IOException {
    String target =
        String.format(Locale.ROOT, "/ws/chat/?session_id=00000000-0000-4000-8000-%012d", index);
    if (end != End.RESET_WITHIN_THE_HANDSHAKE) {
      return new Client(RawClient.open(port, target), end);
    }
    RawClient socket = new RawClient(port);
    socket.send(RawClient.handshake(target).substring(0, 100).getBytes(US_ASCII));
    return new Client(socket, end);
  }

  private static void end(Client client) throws IOException {
    RawClient socket = client.socket();
    switch (client.end()) {
      case CLEAN -> socket.send(Frames.of("text:counted close:1000"));
      case RESET, RESET_WITHIN_THE_HANDSHAKE -> socket.reset();
      case HALF_CLOSED -> socket.socket.shutdownOutput();
      case RESET_WITHIN_A_MESSAGE -> {
        socket.send(Frames.of("text:counted text:half.."));
        socket.reset();
      }
      case SILENT -> {
        // Until the server gives it up.
      }
    }
  }

  private static void awaitEnd(RawClient client) throws IOException {
    try (client) {
      client.socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (SocketException e) {
      // It had ended already.
    }
  }

  /** Live objects of one class. */
  private record Objects(long count, long bytes) {}

  private record Footprint(Map<String, Objects> heap, double descriptors, double threads) {

    long heapBytes() {
      return heap.values().stream().mapToLong(Objects::bytes).sum();
    }

    /** What there still is of connections. */
    List<String> connectionsLeft() {
      return OBJECTS.stream()
          .filter(type -> count(type) > MAX_OBJECTS_KEPT_BY_THREADS)
          .map(type -> count(type) + " " + type)
          .toList();
    }

    /** The same, and what there is more of than before. */
    List<String> leftSince(Footprint before) {
      List<String> left = new ArrayList<>(connectionsLeft());
      if (descriptors > before.descriptors()) {
        left.add((long) descriptors + " descriptors, not " + (long) before.descriptors());
      }
      if (threads > before.threads()) {
        left.add((long) threads + " threads, not " + (long) before.threads());
      }
      long bytes = heapBytes() - before.heapBytes();
      if (bytes
          >= MAX_BYTES_KEPT_BY_THREADS + (long) MAX_BYTES_PER_CONNECTION * ROUNDS * CONNECTIONS) {
        left.add(bytes + " bytes more: " + growth(before));
      }
      return left;
    }

    long count(String type) {
      return of(type).count();
    }

    private Objects of(String type) {
      return heap.getOrDefault(type, new Objects(0, 0));
    }

    /** The classes that take most more than before, and how many bytes. */
    List<String> growth(Footprint before) {
      return heap.keySet().stream()
          .sorted(Comparator.comparingLong(type -> -more(type, before)))
          .limit(8)
          .map(type -> type + " " + more(type, before))
          .toList();
    }

    private long more(String type, Footprint before) {
      return of(type).bytes() - before.of(type).bytes();
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d bytes, %.0f descriptors, %.0f threads, %s",
          heapBytes(),
          descriptors,
          threads,
          OBJECTS.stream().map(type -> count(type) + " " + type).toList());
    }
  }

  private Footprint footprint() throws Exception {
    Map<String, Objects> heap = new HashMap<>();
    Pattern row = Pattern.compile("\\s+\\d+:\\s+(\\d+)\\s+(\\d+)\\s+(\\S+).*");
    for (String line : histogram()) {
      Matcher found = row.matcher(line);
      if (found.matches()) {
        Objects objects =
            new Objects(Long.parseLong(found.group(1)), Long.parseLong(found.group(2)));
        heap.put(found.group(3), objects);
      }
    }
    assertThat(heap).isNotEmpty();
    return new Footprint(heap, metric("process_open_fds"), metric("jvm_threads_current"));
  }

  /** Of live objects: it collects garbage first. */
  private List<String> histogram() throws IOException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String pid = Long.toString(server.pid());
    Process process = new ProcessBuilder(jcmd, pid, "GC.class_histogram").start();
    try (var lines = process.inputReader()) {
      return lines.lines().toList();
    }
  }

  private double metric(String name) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + adminPort + "/metrics");
    String body = http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
    return body.lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }
}
