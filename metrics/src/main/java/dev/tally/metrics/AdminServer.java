package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tally.metrics.HttpExchange.Answer;
import dev.tally.metrics.HttpExchange.Request;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/**
 * The port for operators: {@code /metrics}, {@code /healthz} and {@code /readyz} over GET and HEAD.
 * It has threads of its own, so it answers however busy the chat is; and none of them waits for a
 * client, so unfinished requests and answers that nobody reads hold up no probe. Starts in the
 * constructor; {@link #close} ends it. Safe for use by several threads.
 */
public final class AdminServer implements AutoCloseable {

  /**
   * The connections that {@link #AdminServer(InetSocketAddress, CollectorRegistry, Health)} has.
   */
  public static final int DEFAULT_MAX_CONNECTIONS = 64;

  /** How long each of them may last there. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

  private static final int FIRST_BYTES = 32 * 1024;

  private final CollectorRegistry registry;
  private final Health health;
  private final HttpPort port;

  /** Reads the metrics: one scrape at a time, so that a slow one holds up scrapes alone. */
  private final ThreadPoolExecutor scrapes;

  /**
   * Binds and serves, with {@link #DEFAULT_MAX_CONNECTIONS}, {@link #DEFAULT_TIMEOUT} and {@link
   * RequestHead.Limits#DEFAULT}.
   *
   * @param address where to listen; port 0 picks a free one
   * @param registry what {@code /metrics} shows
   * @param health what the probes say
   * @throws IOException if the address cannot be bound
   */
  public AdminServer(InetSocketAddress address, CollectorRegistry registry, Health health)
      throws IOException {
    this(
        address,
        registry,
        health,
        DEFAULT_MAX_CONNECTIONS,
        DEFAULT_TIMEOUT,
        RequestHead.Limits.DEFAULT);
  }

  /**
   * Binds and serves. Each connection is for one request.
   *
   * @param address where to listen; port 0 picks a free one
   * @param registry what {@code /metrics} shows
   * @param health what the probes say
   * @param maxConnections connections at a time, 1 or more; one more ends the oldest of the address
   *     that has the most, unfinished requests first
   * @param timeout from the accepted connection until its answer must have been read
   * @param limits how large a request may be
   * @throws IOException if the address cannot be bound
   */
  public AdminServer(
      InetSocketAddress address,
      CollectorRegistry registry,
      Health health,
      int maxConnections,
      Duration timeout,
      RequestHead.Limits limits)
      throws IOException {
    this.registry = registry;
    this.health = health;
    this.scrapes =
        new ThreadPoolExecutor(
            0,
            1,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(maxConnections),
            task -> daemon(task, "tally-scrape"));
    this.port = new HttpPort(address, this::answer, limits, maxConnections, timeout);
    daemon(port, "tally-admin").start();
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Where it listens.
   *
   * @return the port, never 0
   */
  public int port() {
    return port.number();
  }

  /**
   * Connections that were ended to make room for another one.
   *
   * @return how many since the start
   */
  public long evictedConnections() {
    return port.evicted();
  }

  /**
   * Requests that got no answer but a sentence, or none because they did not come in whole in time.
   *
   * @return how many since the start
   */
  public long refusedRequests() {
    return port.refused();
  }

  /** Stops at once; calls after the first do nothing. */
  @Override
  public void close() {
    port.close();
    scrapes.shutdownNow();
  }

  private CompletableFuture<Answer> answer(Request request) {
    String method = request.method();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      String sentence = method + " is not allowed here: use GET or HEAD.\n";
      return CompletableFuture.completedFuture(
          new Answer(
              "405 Method Not Allowed",
              HttpExchange.TEXT,
              "Allow: GET, HEAD",
              sentence.getBytes(UTF_8)));
    }
    return switch (request.path()) {
      case "/metrics" -> scrape(request);
      case "/healthz" -> CompletableFuture.completedFuture(answer(health.live()));
      case "/readyz" -> CompletableFuture.completedFuture(answer(health.ready()));
      default ->
          CompletableFuture.completedFuture(
              Answer.text(
                  "404 Not Found", "There is nothing here: try /metrics, /healthz or /readyz."));
    };
  }

  private static Answer answer(Health.Answer answer) {
    return new Answer(
        answer.status() == 200 ? "200 OK" : "503 Service Unavailable",
        "application/json; charset=utf-8",
        "Cache-Control: no-store",
        answer.json().getBytes(UTF_8));
  }

  private CompletableFuture<Answer> scrape(Request request) {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    try {
      scrapes.execute(
          () -> {
            if (answer.isCancelled()) {
              return;
            }
            try {
              answer.complete(metrics(request));
            } catch (IOException | RuntimeException e) {
              answer.completeExceptionally(e);
            }
          });
    } catch (RejectedExecutionException e) {
      answer.complete(
          Answer.text("503 Service Unavailable", "Too many scrapes wait for their turn."));
    }
    return answer;
  }

  private Answer metrics(Request request) throws IOException {
    String type = TextFormat.chooseContentType(request.header("accept"));
    boolean gzip = request.header("accept-encoding").contains("gzip");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(FIRST_BYTES);
    try (OutputStream out = gzip ? new GZIPOutputStream(bytes) : bytes;
        Writer writer = new OutputStreamWriter(out, UTF_8)) {
      TextFormat.writeFormat(
          type, writer, registry.filteredMetricFamilySamples(names(request.query())));
    }
    return new Answer("200 OK", type, gzip ? "Content-Encoding: gzip" : "", bytes.toByteArray());
  }

  /** The metrics that {@code ?name[]=…} asks for; empty for all. */
  private static Set<String> names(String query) {
    return Arrays.stream(query.split("&", -1))
        .map(parameter -> URLDecoder.decode(parameter, UTF_8))
        .filter(parameter -> parameter.startsWith("name[]="))
        .map(parameter -> parameter.substring("name[]=".length()))
        .collect(Collectors.toSet());
  }
}
