package dev.tally.server.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/**
 * Many sessions that keep sending and check every count, while somebody promotes, restarts or kills
 * what is behind the address: {@code ManyClients URI CLIENTS INTERVAL_MS READY_FILE}.
 *
 * <p>Creates the file once every session is open; ends when the file is taken away, after
 * everything sent is counted. Each line of standard output is of the form {@code name value, name
 * value, …}; the last one is the ledger. Exit code 0 if every message was counted exactly once,
 * else 1.
 */
final class ManyClients {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MAX_UNACKNOWLEDGED = 10_000;
  private static final int CONNECTS_PER_SECOND = 500;

  /**
   * What its selector finds it handles itself: with its own choice of threads the JDK's client has
   * hundreds of them for this, and with two of them each message wakes another thread on its way.
   */
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).executor(Runnable::run).build();

  private final ScheduledExecutorService loop = ChatClient.loop();
  private final List<Member> members = new ArrayList<>();

  /** One session. All but {@code send} on the loop's thread. */
  private final class Member implements Observer {
    private final ChatClient client;
    private final CompletableFuture<Void> open = new CompletableFuture<>();
    private final Deque<Long> sentNanos = new ArrayDeque<>();
    private final List<Long> gaps = new ArrayList<>();
    private long expected = 1;
    private long outOfOrder;
    private long slowestAckMillis;

    Member(URI uri) {
      ClientSettings settings =
          new ClientSettings(
              uri,
              Optional.empty(),
              MAX_UNACKNOWLEDGED,
              PATIENCE,
              Duration.ofSeconds(5),
              Duration.ofSeconds(15),
              Duration.ofSeconds(5));
      client = new ChatClient(settings, this, http, loop);
    }

    void send() throws InterruptedException {
      loop.execute(() -> sentNanos.add(System.nanoTime()));
      client.send("m");
    }

    @Override
    public void counted(long number) {
      if (number != expected++) {
        outOfOrder++;
      }
      long ack = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sentNanos.remove());
      slowestAckMillis = Math.max(slowestAckMillis, ack);
    }

    @Override
    public void connected(String sessionId, long count, boolean resumed) {
      open.complete(null);
    }

    @Override
    public void moved(long gapMillis) {
      gaps.add(gapMillis);
    }
  }

  private ManyClients(URI uri, int clients) throws InterruptedException {
    for (int i = 0; i < clients; i++) {
      Member member = new Member(uri);
      members.add(member);
      member.client.start();
      TimeUnit.MICROSECONDS.sleep(1_000_000 / CONNECTS_PER_SECOND);
    }
    members.forEach(member -> member.open.join());
  }

  /** Each client sends once an interval, one after the other; returns when the file is gone. */
  private void sendWhile(Path file, Duration interval) throws InterruptedException {
    long start = System.nanoTime();
    long sent = 0;
    while (Files.exists(file)) {
      long due = (System.nanoTime() - start) * members.size() / interval.toNanos();
      for (; sent < due; sent++) {
        members.get((int) (sent % members.size())).send();
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private boolean finish() {
    members.forEach(member -> member.client.finish());
    List<ClientReport> outcomes =
        members.stream().map(member -> member.client.outcome().join()).toList();
    outcomes.stream()
        .flatMap(outcome -> outcome.failure().stream())
        .distinct()
        .forEach(failure -> System.out.println("failure: " + failure));
    long[] gaps =
        members.stream()
            .flatMap(member -> member.gaps.stream())
            .mapToLong(x -> x)
            .sorted()
            .toArray();
    long[] acks = members.stream().mapToLong(member -> member.slowestAckMillis).sorted().toArray();
    long outOfOrder = members.stream().mapToLong(member -> member.outOfOrder).sum();
    System.out.printf(
        Locale.ROOT,
        "moves %d, gap p50 %d ms, gap p99 %d ms, slowest gap %d ms%n",
        gaps.length,
        share(gaps, 0.5),
        share(gaps, 0.99),
        share(gaps, 1));
    System.out.printf(
        Locale.ROOT,
        "slowest reply of a client p50 %d ms, p99 %d ms, slowest %d ms%n",
        share(acks, 0.5),
        share(acks, 0.99),
        share(acks, 1));
    System.out.printf(
        Locale.ROOT,
        "clients %d, sent %d, counted %d, lost %d, duplicated %d, out of order %d, gave up %d%n",
        members.size(),
        sum(outcomes.stream().mapToLong(ClientReport::sent)),
        sum(outcomes.stream().mapToLong(ClientReport::counted)),
        sum(outcomes.stream().mapToLong(ClientReport::lost)),
        sum(outcomes.stream().mapToLong(ClientReport::duplicated)),
        outOfOrder,
        outcomes.stream().filter(outcome -> outcome.failure().isPresent()).count());
    return outOfOrder == 0 && outcomes.stream().allMatch(ClientReport::isClean);
  }

  private static long sum(LongStream values) {
    return values.sum();
  }

  private static long share(long[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * share)];
  }

  /**
   * Runs until the file is taken away.
   *
   * @param arguments see above
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path file = Path.of(arguments[3]);
    ManyClients clients = new ManyClients(URI.create(arguments[0]), Integer.parseInt(arguments[1]));
    Files.createFile(file);
    clients.sendWhile(file, Duration.ofMillis(Long.parseLong(arguments[2])));
    System.exit(clients.finish() ? 0 : 1);
  }
}
