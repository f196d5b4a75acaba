package dev.tally.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.tally.metrics.PrometheusChatMetrics;
import dev.tally.server.RawClient.Response;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.KeyLocation;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Walks through everything that refuses a request: each has a sentence, a count, a log line. */
class RefusalsTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Logger logger =
      (Logger) LoggerFactory.getLogger("dev.tally.server.grizzly.HttpSockets");
  private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(event.getKeyValuePairs() + " " + event.getFormattedMessage());
        }
      };
  private final Set<String> walked = new HashSet<>();

  @BeforeEach
  void listenToTheLog() {
    appender.setContext(logger.getLoggerContext());
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.DEBUG);
  }

  @AfterEach
  void letTheLogBe() {
    logger.detachAppender(appender);
    logger.setLevel(null);
  }

  @Test
  void areAllCountedAndLoggedWithASentence() throws Exception {
    String good = RawClient.handshake("/ws/chat/");
    try (RunningServer server =
        new RunningServer(l -> l.withConnections(2, 1).withHosts("tally.example"))) {
      refused(server, "GARBAGE\r\n\r\n", "400", "bad_request");
      refused(server, good.replace("HTTP/1.1", "HTTP/2.0"), "505", "bad_request");
      refused(server, good.replace("GET", "POST"), "405", "bad_request");
      refused(server, good.replace("Upgrade: websocket", "A: b"), "400", "bad_request");
      refused(server, "GET /" + "a".repeat(40_000), "414", "too_large");
      refused(
          server,
          good.replace("\r\n\r\n", "\r\nCookie: " + "a".repeat(40_000)),
          "431",
          "too_large");
      refused(server, good.replace("Version: 13", "Version: 8"), "426", "wrong_version");
      refused(server, good.replace("/chat/", "/chat/?session_id=1"), "400", "bad_session_id");
      refused(server, good.replace("/chat/", "/nothing"), "404", "not_found");
      refused(server, good.replace("Host: tally", "Host: a"), "421", "wrong_host");
      refused(
          server, RawClient.handshake("/ws/chat/", "Origin: http://a"), "403", "forbidden_origin");
      try (RawClient first = RawClient.open(server.port());
          RawClient second = new RawClient(server.port(), "127.0.0.2")) {
        refused(server, good, "429", "too_many_from_address");
        second.send(good.getBytes(ISO_8859_1));
        assertThat(second.response().status()).startsWith("101 ");
        refused(server, "127.0.0.3", good, "503", "full");
        first.text("still here");
        first.expectCount(1);
      }
    }
    comesTooOften(good);
    wantsTokens(good);
    drains(good);
    evicts();
    timesOut();
    assertThat(walked).isEqualTo(results());
  }

  private void wantsTokens(String good) throws Exception {
    AuthSettings noKeys =
        new AuthSettings(
            new KeyLocation.JwksFile(Path.of("/does/not/exist")),
            Optional.empty(),
            Optional.empty(),
            Duration.ZERO,
            false);
    try (RunningServer server = new RunningServer(l -> l, noKeys, InstantSource.system())) {
      refused(server, good, "401", "unauthorized");
      refused(
          server,
          RawClient.handshake("/ws/chat/", "Authorization: Bearer a.b.c"),
          "503",
          "keys_unavailable");
    }
  }

  private void refused(RunningServer server, String request, String status, String result)
      throws IOException {
    refused(server, "127.0.0.1", request, status, result);
  }

  private void refused(
      RunningServer server, String from, String request, String status, String result)
      throws IOException {
    try (RawClient client = new RawClient(server.port(), from)) {
      refused(server, client, request, status, result);
    }
  }

  private void refused(
      RunningServer server, RawClient client, String request, String status, String result)
      throws IOException {
    server.events.clear();
    lines.clear();
    client.send(request.getBytes(ISO_8859_1));
    Response response = client.response();
    assertThat(response.status()).startsWith(status + " ");
    assertThat(response.body()).hasLineCount(1).endsWith(".\n");
    seen(server, result);
  }

  private void seen(RunningServer server, String result) {
    assertThat(server.events).contains("handshake " + result);
    assertThat(lines).anyMatch(line -> line.contains("result=\"" + result + "\""));
    Collections.addAll(walked, result);
  }

  private void comesTooOften(String request) throws Exception {
    try (RunningServer server =
            RunningServer.withClockThatStands(l -> l.withRatesPerAddress(2, 1));
        RawClient open = RawClient.open(server.port())) {
      refused(server, request, "429", "too_many_sessions");
      refused(server, request, "429", "too_many_handshakes");
      open.text("still here");
      open.expectCount(1);
    }
  }

  private void drains(String request) throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withCloseTimeout(TIMEOUT));
        RawClient early = new RawClient(server.port());
        RawClient open = RawClient.open(server.port())) {
      CompletableFuture<?> stop = CompletableFuture.runAsync(() -> server.server().stop());
      assertThat(open.next().text()).startsWith("{\"bye\": true");
      refused(server, early, request, "503", "draining");
      open.send(Frames.of("close:1001"));
      stop.join();
    }
  }

  private void evicts() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withConnections(1, 0).withSpare(1));
        RawClient first = new RawClient(server.port());
        RawClient second = new RawClient(server.port());
        RawClient third = new RawClient(server.port())) {
      // Two selectors may take them in another order than this one.
      Await.until(() -> first.isAnswered() || second.isAnswered() || third.isAnswered());
      seen(server, "evicted");
    }
  }

  private void timesOut() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withTimes(TIMEOUT, Duration.ofHours(1)));
        RawClient mute = new RawClient(server.port())) {
      Await.until(
          () -> {
            server.skip(TIMEOUT);
            return server.events.contains("handshake timeout");
          });
      assertThat(mute.atEnd()).isTrue();
      seen(server, "timeout");
    }
  }

  /** Of the metric, apart from the handshakes that went well. */
  private static Set<String> results() {
    CollectorRegistry registry = new CollectorRegistry();
    PrometheusChatMetrics unused = new PrometheusChatMetrics(registry);
    Set<String> results = new HashSet<>();
    Collections.list(registry.metricFamilySamples()).stream()
        .filter(family -> family.name.equals("websocket_handshakes"))
        .flatMap(family -> family.samples.stream())
        .filter(sample -> sample.name.endsWith("_total"))
        .forEach(sample -> results.add(sample.labelValues.get(0)));
    results.remove("accepted");
    return results;
  }
}
