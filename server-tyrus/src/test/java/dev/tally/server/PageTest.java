package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PageTest {

  private static final Path WEB = Path.of("src/main/web");
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  @RegisterExtension private static final RunningServer SERVER = new RunningServer();

  @Test
  void thePageIsAtTheRootAndMayLoadNothingFromElsewhere() throws Exception {
    HttpResponse<String> page = get("/");

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).isEqualTo(Files.readString(WEB.resolve("page/index.html")));
    assertThat(header(page, "Content-Type")).isEqualTo("text/html; charset=utf-8");
    assertThat(header(page, "Content-Security-Policy"))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe", "*");
    assertThat(header(page, "X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(header(page, "Referrer-Policy")).isEqualTo("no-referrer");
  }

  @Test
  void everyFileOfThePageAndTheClientIsServedWithItsType() throws Exception {
    for (Path file : files()) {
      HttpResponse<String> response = get("/" + WEB.relativize(file));

      assertThat(response.statusCode()).as("%s", file).isEqualTo(200);
      assertThat(response.body()).as("%s", file).isEqualTo(Files.readString(file));
      String name = file.toString();
      String type =
          name.endsWith(".js")
              ? "text/javascript; charset=utf-8"
              : name.endsWith(".css") ? "text/css; charset=utf-8" : "image/svg+xml";
      assertThat(header(response, "Content-Type")).as("%s", file).isEqualTo(type);
    }
  }

  @Test
  void whatDidNotChangeIsNotSentAgain() throws Exception {
    HttpResponse<String> first = get("/page/page.css");
    HttpResponse<String> second =
        send(request("/page/page.css").header("If-None-Match", header(first, "ETag")));

    assertThat(header(first, "Cache-Control")).isEqualTo("no-cache");
    assertThat(second.statusCode()).isEqualTo(304);
    assertThat(second.body()).isEmpty();
    assertThat(header(second, "ETag")).isEqualTo(header(first, "ETag"));
  }

  @Test
  void aHeadHasNoBodyAndOtherPathsAreNotFound() throws Exception {
    HttpResponse<String> head = send(request("/").method("HEAD", BodyPublishers.noBody()));

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    for (String path : List.of("/page/", "/page/nothing.js", "/package.json", "/client/../x")) {
      assertThat(get(path).statusCode()).as(path).isEqualTo(404);
    }
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String directory : List.of("page", "client")) {
      try (Stream<Path> found = Files.list(WEB.resolve(directory))) {
        found.filter(file -> !file.endsWith("index.html")).forEach(files::add);
      }
    }
    return files;
  }

  private static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("none");
  }

  private static HttpResponse<String> get(String path) throws Exception {
    return send(request(path));
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + SERVER.port() + path));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }
}
