package dev.tally.server;

import dev.tally.chat.ChatHub;
import dev.tally.metrics.Health;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.server.HttpHandler;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;

/** The main port's plain HTTP: health, readiness, and the page that lets one try it. */
final class StatusPages extends HttpHandler {

  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";

  /** The page loads nothing from elsewhere, runs nothing inline, and is put into no frame. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
          + " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final PageFiles files = PageFiles.load();
  private final Health health;
  private final ServerSettings settings;

  StatusPages(ChatHub hub, ServerSettings settings) {
    this.health =
        new Health(hub::readiness, settings.color(), settings.version(), settings.instance());
    this.settings = settings;
  }

  @Override
  public void service(Request request, Response response) {
    if (!Method.GET.equals(request.getMethod()) && !Method.HEAD.equals(request.getMethod())) {
      response.setHeader("Allow", "GET, HEAD");
      answer(response, 405, TEXT, "Only GET and HEAD are answered here.\n");
      return;
    }
    Optional<PageFiles.PageFile> file = files.get(request.getRequestURI());
    if (file.isPresent()) {
      answer(request, response, file.get());
      return;
    }
    switch (request.getRequestURI()) {
      case "/healthz" -> answer(response, health.live());
      case "/readyz" -> answer(response, health.ready());
      case "/metrics" -> answer(response, 404, TEXT, metricsHint());
      default -> answer(response, 404, TEXT, "Nothing here; the WebSocket is at /ws/chat/.\n");
    }
  }

  private String metricsHint() {
    return settings.adminAddress().isEmpty()
        ? "Metrics are off: the admin port is 0.\n"
        : "Metrics are on the admin port: http://" + settings.adminAddress() + "/metrics\n";
  }

  private static void answer(Request request, Response response, PageFiles.PageFile file) {
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("ETag", file.etag());
    response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    response.setHeader("Referrer-Policy", "no-referrer");
    if (file.etag().equals(request.getHeader("If-None-Match"))) {
      response.setStatus(304);
      return;
    }
    write(response, 200, file.contentType(), file.content());
  }

  private static void answer(Response response, Health.Answer answer) {
    answer(response, answer.status(), JSON, answer.json() + "\n");
  }

  private static void answer(Response response, int status, String type, String body) {
    response.setHeader("Cache-Control", "no-store");
    write(response, status, type, body);
  }

  private static void write(Response response, int status, String type, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    response.setStatus(status);
    response.setContentType(type);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setContentLength(bytes.length);
    // A head that goes out before the body is complete lacks its Content-Type where the client also
    // offered an Upgrade, such as h2c.
    response.setBufferSize(Math.max(bytes.length, response.getBufferSize()));
    try {
      response.getOutputStream().write(bytes);
    } catch (IOException e) {
      // The client is gone. Grizzly would log that with a stack trace, for each request it piped.
    }
  }
}
