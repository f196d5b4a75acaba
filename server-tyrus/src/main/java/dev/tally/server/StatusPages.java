package dev.tally.server;

import dev.tally.chat.ChatHub;
import dev.tally.metrics.Health;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.server.HttpHandler;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;

/** The main port's plain HTTP: health, readiness, and a page that says what this is. */
final class StatusPages extends HttpHandler {

  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";

  private final Health health;
  private final ServerSettings settings;

  StatusPages(ChatHub hub, ServerSettings settings) {
    this.health = new Health(hub::readiness, settings.color(), settings.version());
    this.settings = settings;
  }

  @Override
  public void service(Request request, Response response) {
    if (!Method.GET.equals(request.getMethod()) && !Method.HEAD.equals(request.getMethod())) {
      response.setHeader("Allow", "GET, HEAD");
      answer(response, 405, TEXT, "Only GET and HEAD are answered here.\n");
      return;
    }
    switch (request.getRequestURI()) {
      case "/" -> answer(response, 200, "text/html; charset=utf-8", page());
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

  private String page() {
    String color = settings.color().isEmpty() ? "" : " (" + html(settings.color()) + ")";
    return """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Tally</title>
        <h1>Tally</h1>
        <p>A WebSocket service that does not lose count. Connect to <code>/ws/chat/</code>, send
        text, get <code>{"count": n}</code>; come back with <code>?session_id=</code> and the count
        goes on.</p>
        <p>Version %s%s. <a href="/healthz">Health</a>, <a href="/readyz">readiness</a>.</p>
        """
        .formatted(html(settings.version()), color);
  }

  private static String html(String value) {
    return value.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }

  private static void answer(Response response, Health.Answer answer) {
    answer(response, answer.status(), JSON, answer.json() + "\n");
  }

  private static void answer(Response response, int status, String type, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    response.setStatus(status);
    response.setContentType(type);
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setContentLength(bytes.length);
    try {
      response.getOutputStream().write(bytes);
    } catch (IOException e) {
      // The client is gone. Grizzly would log that with a stack trace, for each request it piped.
    }
  }
}
