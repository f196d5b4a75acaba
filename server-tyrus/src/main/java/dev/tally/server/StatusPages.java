package dev.tally.server;

import dev.tally.chat.ChatHub;
import dev.tally.metrics.Health;
import dev.tally.server.grizzly.AllowedHosts;
import dev.tally.server.grizzly.HttpAnswer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.Method;

/** The main port's plain HTTP: health, readiness, and the page that lets one try it. */
final class StatusPages implements Function<HttpRequestPacket, HttpAnswer> {

  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";

  private static final Set<String> HEALTH = Set.of("/healthz", "/readyz");

  private final PageFiles files = PageFiles.load();
  private final AllowedHosts hosts;
  private final Health health;
  private final ChatServerSettings settings;

  StatusPages(ChatHub hub, ChatServerSettings settings) {
    this.health =
        new Health(hub::readiness, settings.color(), settings.version(), settings.instance());
    this.hosts = new AllowedHosts(settings.webSocket().allowedHosts());
    this.settings = settings;
  }

  @Override
  public HttpAnswer apply(HttpRequestPacket request) {
    if (!Method.GET.equals(request.getMethod()) && !Method.HEAD.equals(request.getMethod())) {
      return new HttpAnswer(
          "405 Method Not Allowed",
          List.of("Content-Type: " + TEXT, "Allow: GET, HEAD"),
          "Only GET and HEAD are answered here.\n".getBytes(StandardCharsets.UTF_8));
    }
    // Not for health: probes ask by address, and learn nothing that is worth a page's trouble.
    if (!HEALTH.contains(request.getRequestURI()) && !hosts.allows(request.getHeader("Host"))) {
      return HttpAnswer.text(
          "421 Misdirected Request", TEXT, "This server does not answer for that host.\n");
    }
    Optional<PageFiles.PageFile> file = files.get(request.getRequestURI());
    if (file.isPresent()) {
      boolean known = file.get().etag().equals(request.getHeader("If-None-Match"));
      return known ? file.get().unchanged() : file.get().answer();
    }
    return switch (request.getRequestURI()) {
      case "/healthz" -> answer(health.live());
      case "/readyz" -> answer(health.ready());
      case "/metrics" -> notFound(metricsHint());
      default -> notFound("Nothing here; the WebSocket is at /ws/chat/.\n");
    };
  }

  private String metricsHint() {
    return settings.adminAddress().isEmpty()
        ? "Metrics are off: the admin port is 0.\n"
        : "Metrics are on the admin port: http://" + settings.adminAddress() + "/metrics\n";
  }

  private static HttpAnswer notFound(String sentence) {
    return HttpAnswer.text("404 Not Found", TEXT, sentence);
  }

  private static HttpAnswer answer(Health.Answer answer) {
    String status = answer.status() == 200 ? "200 OK" : "503 Service Unavailable";
    return HttpAnswer.text(status, JSON, answer.json() + "\n");
  }
}
