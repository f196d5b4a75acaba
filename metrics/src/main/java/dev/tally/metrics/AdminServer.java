package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer.HTTPMetricHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The port for operators: {@code /metrics}, {@code /healthz} and {@code /readyz} over GET and HEAD.
 * It has threads of its own, so that it answers however busy the chat is. Starts in the
 * constructor; {@link #close} ends it.
 */
public final class AdminServer implements AutoCloseable {

  /** A request that has begun holds one until its answer is out. */
  private static final int MAX_THREADS = 16;

  private static final int KEPT_THREADS = 2;
  private static final int IDLE_SECONDS = 30;

  /** The JDK reads a request on a thread that waits, by default for ever. Read once, in seconds. */
  private static final Map<String, String> TIMEOUTS =
      Map.of("sun.net.httpserver.maxReqTime", "5", "sun.net.httpserver.maxRspTime", "30");

  private final HttpServer server;
  private final ThreadPoolExecutor executor;

  /**
   * Binds and serves. Sets the JDK's {@code sun.net.httpserver.maxReqTime} and {@code maxRspTime},
   * which hold for all its servers in the process, unless they are set or one has been made.
   *
   * @param address where to listen; port 0 picks a free one
   * @param registry what {@code /metrics} shows
   * @param health what the probes say
   * @throws IOException if the address cannot be bound
   */
  public AdminServer(InetSocketAddress address, CollectorRegistry registry, Health health)
      throws IOException {
    TIMEOUTS.forEach(
        (property, seconds) -> {
          if (System.getProperty(property) == null) {
            System.setProperty(property, seconds);
          }
        });
    server = HttpServer.create(address, 0);
    executor =
        new ThreadPoolExecutor(
            KEPT_THREADS,
            MAX_THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            // No queue: the time in it would count as the request's own.
            new SynchronousQueue<>(),
            task -> {
              Thread thread = new Thread(task, "tally-admin");
              thread.setDaemon(true);
              return thread;
            },
            // The server's dispatcher closes the connection of a task that is refused.
            new ThreadPoolExecutor.AbortPolicy());
    server.setExecutor(executor);
    HttpHandler metrics = new HTTPMetricHandler(registry);
    server.createContext("/", exchange -> route(exchange, metrics, health));
    server.start();
  }

  /**
   * Where it listens.
   *
   * @return the port, never 0
   */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Stops at once; calls after the first do nothing. */
  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private static void route(HttpExchange exchange, HttpHandler metrics, Health health)
      throws IOException {
    String method = exchange.getRequestMethod();
    String path = exchange.getRequestURI().getPath();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      answer(exchange, 405, "text/plain", method + " is not allowed here: use GET or HEAD.\n");
      return;
    }
    switch (path) {
      case "/metrics" -> {
        if (method.equals("HEAD")) {
          answer(exchange, 200, "text/plain; version=0.0.4", "");
        } else {
          metrics.handle(exchange);
        }
      }
      case "/healthz" -> answer(exchange, health.live());
      case "/readyz" -> answer(exchange, health.ready());
      default ->
          answer(
              exchange,
              404,
              "text/plain",
              "There is nothing here: try /metrics, /healthz or /readyz.\n");
    }
  }

  private static void answer(HttpExchange exchange, Health.Answer answer) throws IOException {
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    answer(exchange, answer.status(), "application/json", answer.json());
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(UTF_8);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
      exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
      if (!head) {
        exchange.getResponseBody().write(bytes);
      }
    }
  }
}
