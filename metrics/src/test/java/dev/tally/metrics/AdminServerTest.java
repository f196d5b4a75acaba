package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.ChatHub;
import dev.tally.chat.Readiness;
import dev.tally.metrics.http.HeadLimits;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminServerTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final CollectorRegistry registry = new CollectorRegistry();
  private final HttpClient client = HttpClient.newHttpClient();
  private volatile Readiness readiness = new Readiness(true, "ready");
  private final ChatHub hub = TestHub.inMemory();
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    Health health = new Health(() -> readiness, "blue", "0.1.0", "5f3a21c4");
    server =
        new AdminServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), registry, health, hub);
  }

  @AfterEach
  void stop() {
    server.close();
    hub.close();
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

  @ParameterizedTest
  @ValueSource(strings = {"", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "GET /", "\r\n"})
  void unfinishedRequestsHoldNobodyUp(String start) throws Exception {
    List<Socket> mute = new ArrayList<>();
    try {
      for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 200; i++) {
          mute.add(send(start));
        }
        assertThat(request("GET", "/readyz").statusCode()).isEqualTo(200);
        assertThat(request("GET", "/metrics").statusCode()).isEqualTo(200);
      }
      assertThat(server.evictedConnections()).isGreaterThan(900);
    } finally {
      for (Socket socket : mute) {
        socket.close();
      }
    }
  }

  @Test
  void answersThatNobodyReadsHoldNobodyUp() throws Exception {
    Gauge wide = Gauge.build("wide", "Help.").labelNames("value").register(registry);
    for (int i = 0; i < 5_000; i++) {
      wide.labels(Integer.toString(i) + "x".repeat(1000)).set(i);
    }
    List<Socket> deaf = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        deaf.add(send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
      }
      assertThat(request("GET", "/readyz").statusCode()).isEqualTo(200);
      assertThat(request("GET", "/metrics").body()).contains("wide{value=\"4999x");
    } finally {
      for (Socket socket : deaf) {
        socket.close();
      }
    }
  }

  @Test
  void aScrapeThatHangsHoldsUpNoProbe() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        try {
          end.await();
        } catch (InterruptedException e) {
          // The port was closed.
        }
        return List.of();
      }
    }.register(registry);
    try (Socket scrape = send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")) {
      for (int i = 0; i < 100; i++) {
        assertThat(request("GET", "/readyz").statusCode()).isEqualTo(200);
      }
      end.countDown();
      assertThat(scrape.getInputStream().read()).isEqualTo('H');
    }
  }

  @Test
  void aRequestThatNeverEndsIsGivenUp() throws Exception {
    try (AdminServer impatient = impatient();
        Socket mute = send(impatient.port(), "GET /healthz HTTP/1.1\r\nHost: a\r\n")) {
      assertThat(mute.getInputStream().read()).isEqualTo(-1);
      assertThat(impatient.refusedRequests()).isEqualTo(1);
    }
  }

  private AdminServer impatient() throws IOException {
    return new AdminServer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        registry,
        new Health(() -> readiness, "", "0.1.0", ""),
        hub,
        8,
        Duration.ofMillis(300),
        HeadLimits.DEFAULT);
  }

  @Test
  void refusalsAreCountedAndOtherAnswersAreNot() throws Exception {
    readiness = new Readiness(false, "starting");
    for (String path : List.of("/healthz", "/readyz", "/metrics")) {
      request("GET", path);
    }
    assertThat(server.refusedRequests()).isZero();
    request("GET", "/nothing");
    request("POST", "/metrics");
    try (Socket socket = send("GARBAGE\r\n\r\n")) {
      assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).contains(" 400 ");
    }
    assertThat(server.refusedRequests()).isEqualTo(3);
  }

  @Test
  void metricsAreChosenAndCompressed() throws Exception {
    Counter.build("some_total", "Help.").register(registry).inc(3);
    Counter.build("other_total", "Help.").register(registry).inc(4);
    URI uri = URI.create("http://127.0.0.1:" + server.port() + "/metrics?name%5B%5D=some_total");
    HttpResponse<InputStream> response =
        client.send(
            HttpRequest.newBuilder(uri)
                .header("Accept-Encoding", "gzip")
                .header("Accept", "application/openmetrics-text; version=1.0.0")
                .build(),
            BodyHandlers.ofInputStream());
    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/openmetrics-text");
    try (InputStream body = new GZIPInputStream(response.body())) {
      assertThat(new String(body.readAllBytes(), UTF_8))
          .contains("some_total 3.0\n")
          .doesNotContain("other_total");
    }
  }

  @Test
  void aPortThatWasClosedIsFree() throws Exception {
    int port = server.port();
    server.close();
    server.close();
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    server = new AdminServer(address, registry, new Health(() -> readiness, "", "0.1.0", ""), hub);
    assertThat(request("GET", "/readyz").statusCode()).isEqualTo(200);
  }

  private Socket send(String text) throws IOException {
    return send(server.port(), text);
  }

  private static Socket send(int port, String text) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    try {
      socket.getOutputStream().write(text.getBytes(UTF_8));
    } catch (SocketException e) {
      // Ended or answered already.
    }
    return socket;
  }

  @Test
  void portInUseIsAnErrorAtOnce() {
    InetSocketAddress taken =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    Health health = new Health(() -> readiness, "", "0.1.0", "");
    assertThatThrownBy(() -> new AdminServer(taken, registry, health, hub).close())
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
