package dev.tally.metrics;

import dev.tally.chat.ChatHub;
import dev.tally.chat.Readiness;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** What {@code /metrics} answers for a registry, for tests. */
final class Scrape {

  private Scrape() {}

  static String of(CollectorRegistry registry) throws IOException, InterruptedException {
    Health health = new Health(() -> new Readiness(true, "ready"), "", "0.1.0", "");
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (ChatHub hub = TestHub.inMemory();
        AdminServer server = new AdminServer(free, registry, health, hub)) {
      URI uri = URI.create("http://127.0.0.1:" + server.port() + "/metrics");
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
          .body();
    }
  }
}
