package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tally.chat.ChatHub;
import dev.tally.metrics.http.HeadLimits;
import dev.tally.metrics.http.HttpAnswer;
import dev.tally.metrics.http.HttpPort;
import dev.tally.metrics.http.HttpRequest;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/**
 * The port for operators: {@code /metrics}, {@code /healthz} and {@code /readyz} over GET and HEAD,
 * and {@code /sessions/close} over POST. It has its own threads, so it also answers while the chat
 * is busy. None of them waits for a client, so neither unfinished requests nor answers that are not
 * read delay a probe. The constructor starts it; {@link #close} ends it. Safe for use by several
 * threads.
 */
public final class AdminServer implements AutoCloseable {

  /** The default of {@code maxConnections}. */
  public static final int DEFAULT_MAX_CONNECTIONS = 64;

  /** The default of {@code timeout}. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

  private static final int FIRST_BYTES = 32 * 1024;

  private final CollectorRegistry registry;
  private final Health health;
  private final KickPage kicks;
  private final HttpPort port;

  /**
   * Reads the metrics, one scrape at a time, on a thread of its own: the garbage collector's and
   * the system's figures can be slow, and only other scrapes may wait for them.
   */
  private final ThreadPoolExecutor scrapes;

  /**
   * Closes sessions, which looks at every connection. Not together with the scrapes: a slow one
   * must not keep a revoked token alive.
   */
  private final ThreadPoolExecutor kicking;

  /**
   * Binds and serves with {@link #DEFAULT_MAX_CONNECTIONS}, {@link #DEFAULT_TIMEOUT} and {@link
   * HeadLimits#DEFAULT}.
   *
   * @param address where to listen; port 0 picks a free one
   * @param registry the metrics that {@code /metrics} shows
   * @param health the answers to the probes
   * @param hub whose sessions {@code /sessions/close} closes
   * @throws IOException if the address cannot be bound
   */
  public AdminServer(
      InetSocketAddress address, CollectorRegistry registry, Health health, ChatHub hub)
      throws IOException {
    this(
        address,
        registry,
        health,
        hub,
        DEFAULT_MAX_CONNECTIONS,
        DEFAULT_TIMEOUT,
        HeadLimits.DEFAULT);
  }

  /**
   * Binds and serves. Each connection is for one request.
   *
   * @param address where to listen; port 0 picks a free one
   * @param registry the metrics that {@code /metrics} shows
   * @param health the answers to the probes
   * @param hub whose sessions {@code /sessions/close} closes
   * @param maxConnections the maximum number of connections at a time, 1 or more; one more ends the
   *     oldest of the address that has most of them, unfinished requests first
   * @param timeout the maximum time from an accepted connection until its answer has been read
   * @param limits how large the head of a request may be
   * @throws IOException if the address cannot be bound
   */
  public AdminServer(
      InetSocketAddress address,
      CollectorRegistry registry,
      Health health,
      ChatHub hub,
      int maxConnections,
      Duration timeout,
      HeadLimits limits)
      throws IOException {
    this.registry = registry;
    this.health = health;
    this.kicks = new KickPage(hub);
    this.scrapes = oneThread("tally-scrape", maxConnections);
    this.kicking = oneThread("tally-kick", maxConnections);
    this.port = new HttpPort(address, this::answer, limits, maxConnections, timeout);
    daemon(port, "tally-admin").start();
  }

  /** A thread that ends after a while without a task. */
  private static ThreadPoolExecutor oneThread(String name, int mostWaiting) {
    return new ThreadPoolExecutor(
        0,
        1,
        30,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(mostWaiting),
        task -> daemon(task, name));
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * The number of the port that it listens on.
   *
   * @return never 0
   */
  public int port() {
    return port.number();
  }

  /**
   * Connections that were ended to make room for new ones.
   *
   * @return how many since the start
   */
  public long evictedConnections() {
    return port.evicted();
  }

  /**
   * Requests that were refused, or that did not arrive completely in time.
   *
   * @return how many since the start
   */
  public long refusedRequests() {
    return port.refused();
  }

  /** Stops at once; later calls do nothing. */
  @Override
  public void close() {
    port.close();
    scrapes.shutdownNow();
    kicking.shutdownNow();
  }

  private CompletableFuture<HttpAnswer> answer(HttpRequest request) {
    if (request.path().equals(KickPage.PATH)) {
      return later(kicking, () -> kicks.answer(request));
    }
    String method = request.method();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return CompletableFuture.completedFuture(
          HttpAnswer.refusal(
              "405 Method Not Allowed",
              "Allow: GET, HEAD",
              method + " is not allowed here: use GET or HEAD."));
    }
    return switch (request.path()) {
      case "/metrics" -> later(scrapes, () -> metrics(request));
      case "/healthz" -> CompletableFuture.completedFuture(answer(health.live()));
      case "/readyz" -> CompletableFuture.completedFuture(answer(health.ready()));
      default ->
          CompletableFuture.completedFuture(
              HttpAnswer.refusal(
                  "404 Not Found",
                  "",
                  "There is nothing here: try /metrics, /healthz or /readyz."));
    };
  }

  private static HttpAnswer answer(Health.Answer answer) {
    return new HttpAnswer(
        answer.status() == 200 ? "200 OK" : "503 Service Unavailable",
        "application/json; charset=utf-8",
        "Cache-Control: no-store",
        answer.json().getBytes(UTF_8));
  }

  /** Answers on a thread that may take its time. */
  private static CompletableFuture<HttpAnswer> later(
      ThreadPoolExecutor thread, Callable<HttpAnswer> work) {
    CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
    try {
      thread.execute(
          () -> {
            if (answer.isCancelled()) {
              return;
            }
            try {
              answer.complete(work.call());
            } catch (Exception e) {
              answer.completeExceptionally(e);
            }
          });
    } catch (RejectedExecutionException e) {
      answer.complete(
          HttpAnswer.refusal(
              "503 Service Unavailable", "", "Too many requests are waiting already."));
    }
    return answer;
  }

  private HttpAnswer metrics(HttpRequest request) throws IOException {
    String type = TextFormat.chooseContentType(request.header("accept"));
    boolean gzip = request.header("accept-encoding").contains("gzip");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(FIRST_BYTES);
    try (OutputStream out = gzip ? new GZIPOutputStream(bytes) : bytes;
        Writer writer = new OutputStreamWriter(out, UTF_8)) {
      TextFormat.writeFormat(
          type, writer, registry.filteredMetricFamilySamples(names(request.query())));
    }
    return new HttpAnswer(
        "200 OK", type, gzip ? "Content-Encoding: gzip" : "", bytes.toByteArray());
  }

  /** The names of metrics in {@code ?name[]=…}; empty for all metrics. */
  private static Set<String> names(String query) {
    return Arrays.stream(query.split("&", -1))
        .map(parameter -> URLDecoder.decode(parameter, UTF_8))
        .filter(parameter -> parameter.startsWith("name[]="))
        .map(parameter -> parameter.substring("name[]=".length()))
        .collect(Collectors.toSet());
  }
}
