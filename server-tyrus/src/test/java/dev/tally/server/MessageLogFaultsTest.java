package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.testing.Patience;
import dev.tally.server.client.TalkingClients;
import dev.tally.server.client.TalkingClients.Said;
import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.testing.FreePort;
import dev.tally.session.redis.testing.RedisCluster;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Count = number of entries in the message log, whoever dies. Many clients that resend as
 * docs/PROTOCOL.md says, two servers in processes of their own, a Redis that keeps what it
 * acknowledges; servers, Redis and connections fail at random, in an order that a seed decides. At
 * the end the log has what each client said: each number once, in order, with its text.
 *
 * <p>{@code FULL=1} runs it for longer, {@code TALLY_SEED=…} repeats a run.
 */
class MessageLogFaultsTest {

  private static final boolean FULL = "1".equals(System.getenv("FULL"));
  private static final int CLIENTS = 300;
  private static final int FAULTS = FULL ? 120 : 10;
  private static final int PARTITIONS = 16;

  private final long seed = seed();
  private final Random random = new Random(seed);
  private final List<Server> servers = new ArrayList<>();
  private final StringBuilder history = new StringBuilder();
  private Processes processes;

  private static long seed() {
    String given = System.getenv("TALLY_SEED");
    return given == null ? System.nanoTime() : Long.parseLong(given);
  }

  @BeforeEach
  void prepare(@TempDir Path directory) {
    processes = new Processes(directory);
  }

  @AfterEach
  void stop() {
    processes.close();
  }

  @Test
  void everyMessageIsInTheLogOnceWhateverFails() throws Exception {
    try (RedisServer redis = RedisServer.start("appendonly yes", "appendfsync always")) {
      List<Fault> faults = new ArrayList<>(faultsOfServers());
      faults.add(new Fault("Redis is killed", () -> restart(redis)));
      faults.add(new Fault("Redis is paused", () -> pause(redis)));
      run(redis.url(), faults, () -> RedisClient.create(redis.url()));
    }
  }

  @Test
  void everyMessageIsInTheLogOnceWhateverFailsInACluster() throws Exception {
    try (RedisCluster cluster = RedisCluster.start()) {
      List<Fault> faults = new ArrayList<>(faultsOfServers());
      faults.add(new Fault("a master is killed", () -> restart(any(cluster.masters()))));
      faults.add(new Fault("a master is paused", () -> pause(any(cluster.masters()))));
      faults.add(new Fault("slots move", () -> moveSlots(cluster)));
      Set<HostAndPort> nodes =
          cluster.masters().stream()
              .map(RedisServer::address)
              .map(HostAndPort::from)
              .collect(Collectors.toSet());
      run(cluster.url(""), faults, () -> RedisClusterClient.create(nodes));
    }
  }

  private void run(String redis, List<Fault> faults, Supplier<UnifiedJedis> connect)
      throws Exception {
    servers.add(new Server("green", redis));
    servers.add(new Server("blue", redis));
    for (Server server : servers) {
      processes.port(server.incarnation());
    }
    try (Balancer balancer = new Balancer(List.of(servers.get(0).port, servers.get(1).port), seed);
        TalkingClients clients =
            new TalkingClients(
                URI.create("ws://127.0.0.1:" + balancer.port() + "/ws/chat/"), CLIENTS, seed)) {
      List<Fault> all = new ArrayList<>(faults);
      all.add(new Fault("connections are cut", () -> balancer.cut(0.3)));
      CompletableFuture<Void> chaos = CompletableFuture.runAsync(() -> failAtRandom(all));
      while (!chaos.isDone()) {
        clients.speak();
        TimeUnit.MILLISECONDS.sleep(50);
      }
      chaos.join();
      List<Said> said = clients.finish(Patience.PATIENCE);
      Map<String, List<String>> logged;
      try (UnifiedJedis reader = connect.get()) {
        logged = logged(reader);
      }
      for (Said client : said) {
        assertThat(logged.get(client.session()))
            .as("session %s, seed %d, faults:%n%s", client.session(), seed, history)
            .isEqualTo(numbered(client.texts()));
      }
      long messages = said.stream().mapToLong(client -> client.texts().size()).sum();
      System.out.printf(
          "message log under faults: seed %d, %d faults, %d messages: sent = counted = in the log%n",
          seed, FAULTS, messages);
    }
  }

  /** The entries of each session, over all partitions: its numbers and texts, and gaps. */
  private static Map<String, List<String>> logged(UnifiedJedis reader) {
    Map<String, List<String>> entries = new HashMap<>();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      for (StreamEntry entry :
          reader.xrange(
              MessageLog.stream(partition), (StreamEntryID) null, null, Integer.MAX_VALUE)) {
        Map<String, String> fields = entry.getFields();
        String text =
            fields.containsKey("gap")
                ? "gap " + fields.get("gap")
                : fields.get("n") + ": " + fields.get("text");
        entries
            .computeIfAbsent(fields.getOrDefault("session", ""), key -> new ArrayList<>())
            .add(text);
      }
    }
    return entries;
  }

  private static List<String> numbered(List<String> texts) {
    return IntStream.range(0, texts.size()).mapToObj(i -> (i + 1) + ": " + texts.get(i)).toList();
  }

  private void failAtRandom(List<Fault> faults) {
    for (int i = 0; i < FAULTS; i++) {
      // Each kind once before one comes again, so that a short run has all of them.
      Fault fault = i < faults.size() ? faults.get(i) : any(faults);
      history.append(fault.name()).append('\n');
      try {
        fault.action().run();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(1000));
      } catch (Exception e) {
        throw new IllegalStateException("seed " + seed + ", faults:\n" + history, e);
      }
    }
  }

  private List<Fault> faultsOfServers() {
    return List.of(
        new Fault("a server is killed", () -> any(servers).kill("KILL")),
        new Fault("a server drains", () -> any(servers).kill("TERM")),
        new Fault("a server is paused", () -> any(servers).pause(moment())));
  }

  private void restart(RedisServer redis) throws InterruptedException {
    redis.kill();
    TimeUnit.MILLISECONDS.sleep(moment());
    redis.restart();
  }

  private void pause(RedisServer redis) throws InterruptedException {
    redis.pause();
    TimeUnit.MILLISECONDS.sleep(moment());
    redis.resume();
  }

  private void moveSlots(RedisCluster cluster) {
    int from = random.nextInt(3);
    cluster.moveSlots(from, (from + 1) % 3, 1000);
  }

  /** Shorter and longer than a read timeout of Redis. */
  private int moment() {
    return random.nextInt(3000);
  }

  private <T> T any(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private record Fault(String name, Action action) {}

  private interface Action {
    void run() throws Exception;
  }

  /** A place for a server: its port stays the same when it is started again. */
  private final class Server {
    private final String name;
    private final String redis;
    private final int port = FreePort.pick();
    private int starts;
    private Process process;

    Server(String name, String redis) throws IOException {
      this.name = name;
      this.redis = redis;
      this.process = launch();
    }

    String incarnation() {
      return name + starts;
    }

    private Process launch() throws IOException {
      starts++;
      return processes.launch(
          incarnation(),
          "",
          "--port",
          "" + port,
          "--admin-port",
          "0",
          "--redis-url",
          redis + (redis.contains("?") ? "&" : "?") + "read_timeout=1s",
          "--message-log",
          "on",
          "--message-log-length",
          "0",
          "--retry-backoff",
          "200ms",
          "--retry-after",
          "100ms",
          "--drain-timeout",
          "3s");
    }

    void kill(String signal) throws Exception {
      signal(signal);
      assertThat(process.waitFor(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      process = launch();
    }

    void pause(int millis) throws Exception {
      signal("STOP");
      TimeUnit.MILLISECONDS.sleep(millis);
      signal("CONT");
    }

    private void signal(String signal) throws Exception {
      new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor();
    }
  }
}
