package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.Readiness;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final CollectorRegistry registry = new CollectorRegistry();
  private final HttpClient client = HttpClient.newHttpClient();
  private volatile Readiness readiness = new Readiness(true, "ready");
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    Health health = new Health(() -> readiness, "blue", "0.1.0", "5f3a21c4");
    server =
        new AdminServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), registry, health);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void livenessSaysColorVersionAndInstance() throws Exception {
    HttpResponse<String> response = request("GET", "/healthz");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .isEqualTo(
            "{\"status\":\"ok\",\"color\":\"blue\",\"version\":\"0.1.0\",\"instance\":\"5f3a21c4\"}");
    assertThat(response.headers().firstValue("Content-Type"))
        .hasValue("application/json; charset=utf-8");
  }

  @Test
  void readinessFollowsItsSourceAndSaysWhyNot() throws Exception {
    assertThat(request("GET", "/readyz").body()).isEqualTo("{\"status\":\"ready\"}");
    readiness = new Readiness(false, "draining");
    HttpResponse<String> response = request("GET", "/readyz");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).isEqualTo("{\"status\":\"unready\",\"reason\":\"draining\"}");
  }

  @Test
  void metricsShowTheRegistry() throws Exception {
    Counter.build("some_total", "Help.").register(registry).inc(3);
    HttpResponse<String> response = request("GET", "/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("some_total 3.0\n");
  }

  @Test
  void headHasTheStatusAndNoBody() throws Exception {
    for (String path : new String[] {"/metrics", "/healthz", "/readyz"}) {
      HttpResponse<String> response = request("HEAD", path);
      assertThat(response.statusCode()).as(path).isEqualTo(200);
      assertThat(response.body()).as(path).isEmpty();
    }
  }

  @Test
  void otherPathsAre404WithASentence() throws Exception {
    for (String path : new String[] {"/", "/nothing", "/metrics/more", "/healthz2"}) {
      HttpResponse<String> response = request("GET", path);
      assertThat(response.statusCode()).as(path).isEqualTo(404);
      assertThat(response.body()).as(path).contains("try /metrics, /healthz or /readyz");
    }
  }

  @Test
  void otherMethodsAreRefused() throws Exception {
    HttpResponse<String> response = request("POST", "/metrics");
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD");
    assertThat(response.body()).contains("POST is not allowed");
  }

  @Test
  void requestsThatNeverEndHoldNobodyUp() throws Exception {
    List<Socket> mute = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        mute.add(halfRequest());
      }
      assertThat(request("GET", "/healthz").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : mute) {
        socket.close();
      }
    }
  }

  @Test
  void aRequestThatNeverEndsIsGivenUp() throws Exception {
    try (Socket mute = halfRequest()) {
      assertThat(mute.getInputStream().read()).isEqualTo(-1);
    }
  }

  private Socket halfRequest() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.getOutputStream().write("GET /healthz HTTP/1.1\r\nHost: a\r\n".getBytes(UTF_8));
    return socket;
  }

  @Test
  void portInUseIsAnErrorAtOnce() {
    InetSocketAddress taken =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    Health health = new Health(() -> readiness, "", "0.1.0", "");
    assertThatThrownBy(() -> new AdminServer(taken, registry, health).close())
        .isInstanceOf(BindException.class);
  }

  @Test
  void colorIsEscapedInJson() {
    assertThat(new Health(() -> readiness, "a\"\\\n", "1", "").live().json())
        .contains("\"color\":\"a\\u0022\\u005c\\u000a\"");
  }

  private HttpResponse<String> request(String method, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    return client.send(
        HttpRequest.newBuilder(uri)
            .timeout(PATIENCE)
            .method(method, BodyPublishers.noBody())
            .build(),
        BodyHandlers.ofString());
  }
}
