package dev.tally.server.http;

import dev.tally.metrics.Health;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The main port's plain HTTP: health, readiness, and the page that lets one try it. */
public final class StatusPages implements Function<HttpRequest, HttpAnswer> {

  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";

  private static final Set<String> HEALTH = Set.of("/healthz", "/readyz");

  private final PageFiles files = PageFiles.load();
  private final AllowedHosts hosts;
  private final Health health;
  private final String adminAddress;

  /**
   * Loads the files of the page.
   *
   * @param health answers {@code /healthz} and {@code /readyz}
   * @param allowedHosts see {@link AllowedHosts}
   * @param adminAddress host and port of the admin port; empty if it is off
   */
  public StatusPages(Health health, List<String> allowedHosts, String adminAddress) {
    this.health = health;
    this.hosts = new AllowedHosts(allowedHosts);
    this.adminAddress = adminAddress;
  }

  @Override
  public HttpAnswer apply(HttpRequest request) {
    if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      return new HttpAnswer(
          "405 Method Not Allowed",
          List.of("Content-Type: " + TEXT, "Allow: GET, HEAD"),
          "Only GET and HEAD are answered here.\n".getBytes(StandardCharsets.UTF_8));
    }
    // Not for health: probes ask by address, and learn nothing that is worth a page's trouble.
    if (!HEALTH.contains(request.path()) && !hosts.allows(request.header("Host"))) {
      return HttpAnswer.text(
          "421 Misdirected Request", TEXT, "This server does not answer for that host.\n");
    }
    Optional<PageFiles.PageFile> file = files.get(request.path());
    if (file.isPresent()) {
      boolean known = file.get().etag().equals(request.header("If-None-Match"));
      return known ? file.get().unchanged() : file.get().answer();
    }
    return switch (request.path()) {
      case "/healthz" -> answer(health.live());
      case "/readyz" -> answer(health.ready());
      case "/metrics" -> notFound(metricsHint());
      default -> notFound("Nothing here; the WebSocket is at /ws/chat/.\n");
    };
  }

  private String metricsHint() {
    return adminAddress.isEmpty()
        ? "Metrics are off: the admin port is 0.\n"
        : "Metrics are on the admin port: http://" + adminAddress + "/metrics\n";
  }

  private static HttpAnswer notFound(String sentence) {
    return HttpAnswer.text("404 Not Found", TEXT, sentence);
  }

  private static HttpAnswer answer(Health.Answer answer) {
    String status = answer.status() == 200 ? "200 OK" : "503 Service Unavailable";
    return HttpAnswer.text(status, JSON, answer.json() + "\n");
  }
}
