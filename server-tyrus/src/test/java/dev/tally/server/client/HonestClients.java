package dev.tally.server.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Clients as they should be: each sends a message every tenth of a second, comes back after a break
 * and sends again what was not counted. Every reply is timed, from the moment at which its message
 * was due. One thread calls everything here.
 */
public final class HonestClients implements AutoCloseable {

  private static final Duration INTERVAL = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int MAX_UNACKNOWLEDGED = 10_000;
  private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(10);
  private static final Pattern CLOSED = Pattern.compile("the server closed with (\\d+)");
  private static final String TRY_AGAIN_LATER = "1013";

  private final HttpClient http = HttpClient.newBuilder().executor(Runnable::run).build();
  private final ScheduledExecutorService loop = ChatClient.loop();
  private final List<Member> members = new ArrayList<>();
  private final AtomicLong closed = new AtomicLong();
  private final AtomicLong turnedAway = new AtomicLong();

  /**
   * What became of the messages of some time.
   *
   * @param latency of each message in microseconds; one without a reply has waited for so long
   * @param unanswered messages without a reply
   */
  public record Replies(Histogram latency, long unanswered) {}

  private static final class Window {
    final Histogram latency = new ConcurrentHistogram(LONGEST_MICROS, 3);
    final AtomicLong unanswered = new AtomicLong();

    void record(long dueNanos) {
      long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - dueNanos);
      latency.recordValue(Math.min(micros, LONGEST_MICROS));
    }
  }

  private record Sent(Window window, long dueNanos) {}

  /** One session, on the loop's thread. */
  private final class Member implements Observer {
    final ChatClient client;
    final CompletableFuture<Void> open = new CompletableFuture<>();
    final Deque<Sent> unanswered = new ArrayDeque<>();
    boolean connected;

    Member(URI uri) {
      ClientSettings settings =
          new ClientSettings(
              uri,
              Optional.empty(),
              MAX_UNACKNOWLEDGED,
              Duration.ofMinutes(10),
              Duration.ofSeconds(5),
              Duration.ofSeconds(15),
              Duration.ofSeconds(5));
      client = new ChatClient(settings, this, http, loop);
    }

    @Override
    public void counted(long number) {
      Sent sent = unanswered.remove();
      sent.window.record(sent.dueNanos);
      sent.window.unanswered.decrementAndGet();
    }

    @Override
    public void connected(String sessionId, long count, boolean resumed) {
      connected = true;
      open.complete(null);
    }

    @Override
    public void note(String text) {
      if (connected && text.startsWith("disconnected")) {
        connected = false;
        closed.incrementAndGet();
        Matcher code = CLOSED.matcher(text);
        if (code.find() && code.group(1).equals(TRY_AGAIN_LATER)) {
          turnedAway.incrementAndGet();
        }
      }
    }
  }

  /**
   * Connects.
   *
   * @param uri the server's
   * @param clients how many
   * @throws TimeoutException if they are not all open soon
   */
  public HonestClients(URI uri, int clients)
      throws InterruptedException, ExecutionException, TimeoutException {
    for (int i = 0; i < clients; i++) {
      Member member = new Member(uri);
      members.add(member);
      member.client.start();
    }
    for (Member member : members) {
      member.open.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  /**
   * Sends for a time, then waits for the replies that are still to come.
   *
   * @param time how long to send
   * @param patience how long to wait then at most
   * @return what became of these messages until now
   */
  public Replies send(Duration time, Duration patience) throws InterruptedException {
    Window sending = new Window();
    long start = System.nanoTime();
    long between = INTERVAL.toNanos() / members.size();
    long due = start;
    for (int i = 0; due - start < time.toNanos(); i++, due += between) {
      TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
      Member member = members.get(i % members.size());
      Sent sent = new Sent(sending, due);
      sending.unanswered.incrementAndGet();
      loop.execute(() -> member.unanswered.add(sent));
      member.client.send("x".repeat(32));
    }
    long end = System.nanoTime();
    while (sending.unanswered.get() > 0 && System.nanoTime() - end < patience.toNanos()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    return onLoop(() -> replies(sending));
  }

  private Replies replies(Window sending) {
    Histogram latency = sending.latency.copy();
    long now = System.nanoTime();
    for (Member member : members) {
      for (Sent sent : member.unanswered) {
        if (sent.window == sending) {
          latency.recordValue(TimeUnit.NANOSECONDS.toMicros(now - sent.dueNanos));
        }
      }
    }
    return new Replies(latency, latency.getTotalCount() - sending.latency.getTotalCount());
  }

  /**
   * Connections that have ended until now, however they did.
   *
   * @return how many
   */
  public long closed() {
    return closed.get();
  }

  /**
   * Those of them that the server closed with 1013.
   *
   * @return how many
   */
  public long turnedAway() {
    return turnedAway.get();
  }

  /**
   * Sends no more, and waits for some seconds until everything is counted.
   *
   * @return how many messages were not counted exactly once
   */
  public long finish() throws InterruptedException {
    members.forEach(member -> member.client.finish());
    long start = System.nanoTime();
    while (!allDone() && System.nanoTime() - start < PATIENCE.toNanos()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return onLoop(() -> members.stream().mapToLong(HonestClients::notCountedOnce).sum());
  }

  private boolean allDone() {
    return members.stream().allMatch(member -> member.client.outcome().isDone());
  }

  private static long notCountedOnce(Member member) {
    if (!member.client.outcome().isDone()) {
      return member.unanswered.size();
    }
    ClientReport outcome = member.client.outcome().join();
    return outcome.sent() - outcome.counted() + outcome.lost() + outcome.duplicated();
  }

  /** The clients belong to their thread. */
  private <T> T onLoop(Callable<T> task) throws InterruptedException {
    try {
      return loop.submit(task).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    loop.shutdownNow();
  }
}
