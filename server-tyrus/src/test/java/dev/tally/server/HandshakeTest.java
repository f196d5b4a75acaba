package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.DrainReport;
import dev.tally.server.RawClient.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {

  private static final String ID = "123e4567-e89b-42d3-a456-426614174000";

  private static Response ask(RunningServer server, String request) throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      client.send(request.getBytes(StandardCharsets.ISO_8859_1));
      Response response = client.response();
      if (!response.status().startsWith("101 ")) {
        assertThat(response.headers()).containsEntry("connection", "close");
        assertThat(response.body()).hasLineCount(1).endsWith(".\n");
        assertThat(client.atEnd()).as("connection closed after the refusal").isTrue();
      }
      return response;
    }
  }

  @Test
  void acceptsBothPathsAndNamesSessionAndRequest() throws IOException {
    try (RunningServer server = new RunningServer()) {
      for (String path : List.of("/ws/chat", "/ws/chat/")) {
        Response response =
            ask(
                server,
                RawClient.handshake(path + "?session_id=" + ID, "X-Request-Id: trace-7.a_B"));

        assertThat(response.status()).isEqualTo("101 Switching Protocols");
        assertThat(response.headers())
            .containsEntry("x-session-id", ID)
            .containsEntry("x-request-id", "trace-7.a_B")
            .containsEntry("sec-websocket-accept", "ICX+Yqv66kxgM0FcWaLWlFLwTAI=")
            .doesNotContainKey("sec-websocket-protocol");
      }
    }
  }

  @Test
  void makesIdsWhereTheRequestHasNoneOrBadOnes() throws IOException {
    try (RunningServer server = new RunningServer()) {
      Response response =
          ask(server, RawClient.handshake("/ws/chat/", "X-Request-Id: no spaces allowed"));

      assertThat(response.headers().get("x-session-id")).hasSize(36);
      assertThat(response.headers().get("x-request-id")).matches("[0-9a-f]{16}");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=15; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        "x-webkit-deflate-frame",
        "PERMESSAGE-DEFLATE",
        "deflate-stream, permessage-bzip2; level=9",
        "permessage-deflate; =;,,",
        ""
      })
  void agreesOnTheSubprotocolAndDeclinesEveryExtension(String offer) throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = new RawClient(server.port())) {
      String request =
          RawClient.handshake(
              "/ws/chat/",
              "Sec-WebSocket-Protocol: other, tally.v1",
              "Sec-WebSocket-Extensions: " + offer,
              "Sec-WebSocket-Extensions: permessage-deflate");
      client.send(request.getBytes(StandardCharsets.US_ASCII));
      Response response = client.response();

      assertThat(response.status()).startsWith("101 ");
      assertThat(response.headers())
          .containsEntry("sec-websocket-protocol", "tally.v1")
          .doesNotContainKey("sec-websocket-extensions");
      assertThat(client.next().text()).startsWith("{\"type\": \"welcome\"");
      client.send(RawClient.frame(0xc1, 3, new byte[3]));
      client.expectClose(1002, "reserved bit");
    }
  }

  @Test
  void refusesWhileItDrains() throws Exception {
    Duration longer = Duration.ofSeconds(30);
    try (RunningServer server = new RunningServer(l -> l.withCloseTimeout(longer));
        RawClient early = new RawClient(server.port());
        RawClient open = RawClient.open(server.port())) {
      CompletableFuture<DrainReport> stop =
          CompletableFuture.supplyAsync(() -> server.server().stop());
      assertThat(open.next().text()).startsWith("{\"bye\": true");
      assertThat(open.next()).hasToString("close:1001");

      early.send(RawClient.handshake("/ws/chat/").getBytes(StandardCharsets.US_ASCII));
      Response refused = early.response();
      assertThat(refused.status()).isEqualTo("503 Service Unavailable");
      assertThat(refused.headers())
          .containsEntry("retry-after", "7")
          .containsEntry("connection", "close");
      assertThat(refused.body()).contains("is draining");
      assertThat(early.atEnd()).isTrue();
      assertThat(server.events).contains("handshake draining");
      open.send(Frames.of("close:1001"));
      assertThat(stop.get().closed()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET /|POST /|405 Method Not Allowed|'POST'",
        "HTTP/1.1|HTTP/1.0|400 Bad Request|HTTP/1.1",
        "Upgrade: websocket|Upgrade: h2c|400 Bad Request|Upgrade: websocket",
        "Connection: Upgrade|Connection: keep-alive|400 Bad Request|Connection: Upgrade",
        "AAAAAAAAAAAAAAAAAAAAAA==|c2hvcnQ=|400 Bad Request|'c2hvcnQ='",
        "AAAAAAAAAAAAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAA!==|400 Bad Request|16 bytes",
        "Sec-WebSocket-Key: A|X-Key: A|400 Bad Request|16 bytes",
        "AAAAAAAAAAAAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAAAA=|400 Bad Request|16 bytes",
        "Host: |Sec-WebSocket-Key: BBBBBBBBBBBBBBBBBBBBBB==~Host: |400 Bad Request|once",
        "Host: |Content-Length: 7~Host: |400 Bad Request|no body",
        "Host: |Transfer-Encoding: chunked~Host: |400 Bad Request|no body",
        "Host: |Transfer-Encoding: gzip, chunked~Host: |400 Bad Request|no body",
        "Host: |Transfer-Encoding: gzip~Host: |400 Bad Request|no body",
        "Host: |transfer-encoding: identity~Host: |400 Bad Request|no body",
        "Sec-WebSocket-Version: 13|X-Version: 13|426 Upgrade Required|''",
        "Version: 13|Version: 8|426 Upgrade Required|'8'",
        "/ws/chat/|/ws/chat/?session_id=42|400 Bad Request|'42'",
        "/ws/chat/|/ws/chat/?a=b&session_id=%zz|400 Bad Request|'%zz'",
        "/ws/chat/|/ws/chat/?session_id=%0Ax'|400 Bad Request|'\\u000ax\\u0027'",
        "/ws/chat/|/ws/chat/?session_id=|400 Bad Request|UUID",
        "/ws/chat/|/ws/chat/?session_id|400 Bad Request|UUID",
        "/ws/chat/|/ws/chat/?session%5Fid=42|400 Bad Request|'42'",
        "/ws/chat/|/ws/chat/?session_id=00000000-0000-0000-0000-000000000000|400 Bad Request|zeros",
        "/ws/chat/|/ws/chat/?session_id=ffffffff-FFFF-ffff-ffff-ffffffffffff|400 Bad Request|ones",
        "/ws/chat/|/ws/chat/?session_id=123e4567-e89b-42d3-a456-426614174000"
            + "&session_id=123e4567-e89b-42d3-a456-426614174001|400 Bad Request|twice",
      })
  void refusesWithTheBrokenRuleAndItsValue(String from, String to, String status, String says)
      throws IOException {
    String lines = to.replace("~", "\r\n");
    try (RunningServer server = new RunningServer()) {
      Response response = ask(server, RawClient.handshake("/ws/chat/").replace(from, lines));

      assertThat(response.status()).isEqualTo(status);
      assertThat(response.body()).contains(says);
      assertThat(server.server().hub().statistics().connections()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "session%5Fid=" + ID,
        "s%65ssion_id=123e4567%2De89b-42d3-a456-426614174000",
        "session_id=" + ID + "&session_id=123E4567-E89B-42D3-A456-426614174000"
      })
  void resumesHoweverTheParameterIsWritten(String query) throws IOException {
    try (RunningServer server = new RunningServer()) {
      Response response = ask(server, RawClient.handshake("/ws/chat/?" + query));

      assertThat(response.headers()).containsEntry("x-session-id", ID);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://app.example|Host: app.example|101",
        "https://app.example:8443|Host: app.example|403",
        "https://app.example:8443|Host: app.example~X-Forwarded-Port: 8443|101",
        "https://app.example:8443|Host: b:1~X-Forwarded-Host: app.example:8443|101",
        "https://app.example|Host: b:1~X-Forwarded-Host: app.example~X-Forwarded-Port: 443|101",
        "https://app.example|Host: b:1~Forwarded: for=1.2.3.4;host=\"app.example:443\"|101",
        "https://evil.example|Host: b:1~X-Forwarded-Host: app.example|403",
        "https://app.example|Host: app.example~X-Forwarded-Proto: https|101",
        "https://app.example|Host: app.example~X-Forwarded-Proto: http|101",
        "http://app.example|Host: app.example~X-Forwarded-Proto: http|101",
        "http://app.example|Host: app.example~X-Forwarded-Proto: https|403",
        "http://app.example|Host: app.example~X-Forwarded-Proto: WSS, http|403",
        "http://app.example|Host: app.example~Forwarded: for=1.2.3.4;proto=https|403",
        "https://friend.example|Host: b:1|101",
        "https://friend.example:443|Host: b:1|101",
        "https://friend.example:80|Host: b:1|403",
        "capacitor://localhost|Host: b:1|101",
        "file://|Host: b:1|101",
        "null|Host: b:1|101",
      })
  void comparesAnOriginWithWhatTheClientAskedFor(String origin, String headers, String status)
      throws IOException {
    try (RunningServer server =
        new RunningServer(
            l ->
                l.withProxies("127.0.0.0/8")
                    .withOrigins(
                        "https://friend.example:443",
                        "capacitor://localhost",
                        "file://",
                        "null"))) {
      String request =
          RawClient.handshake("/ws/chat/", "Origin: " + origin)
              .replace("Host: tally.example:8000", headers.replace("~", "\r\n"));
      Response response = ask(server, request);
      assertThat(response.status()).startsWith(status);
      if (status.equals("403")) {
        assertThat(response.body()).contains("'" + origin + "'", headers.split("[ ~]", -1)[1]);
      }
    }
  }

  @Test
  void aRefusedOriginIsAnsweredShortlyHoweverManyHostsAProxyNames() throws IOException {
    try (RunningServer server = new RunningServer(l -> l.withProxies("127.0.0.0/8"))) {
      StringBuilder headers = new StringBuilder("Origin: https://evil.example");
      for (int i = 0; i < 55; i++) {
        headers.append("\r\nX-Forwarded-Host: host").append(i).append(".example");
        headers.append("\r\nX-Forwarded-Port: ").append(1000 + i);
      }
      Response response = ask(server, RawClient.handshake("/ws/chat/", headers.toString()));
      assertThat(response.status()).startsWith("403");
      assertThat(response.body()).hasSizeLessThan(500);
    }
  }

  @Test
  void believesNoForwardedHostOfOthers() throws IOException {
    try (RunningServer server = new RunningServer()) {
      String[] headers = {"Origin: https://evil.example", "X-Forwarded-Host: evil.example"};
      assertThat(ask(server, RawClient.handshake("/ws/chat/", headers)).status()).startsWith("403");
    }
  }

  @Test
  void believesNoForwardedSchemeOfOthers() throws IOException {
    try (RunningServer server = new RunningServer()) {
      String[] headers = {"Origin: http://tally.example:8000", "X-Forwarded-Proto: https"};
      assertThat(ask(server, RawClient.handshake("/ws/chat/", headers)).status()).startsWith("101");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Forwarded-For: 203.0.113.9:51008",
        "X-Forwarded-For: [2001:db8::9]:4711",
        "Forwarded: for=\"[2001:db8::9]:4711\"",
        "Forwarded: for=203.0.113.9;proto=https, for=127.0.0.1"
      })
  void countsAddressesHoweverAProxyWritesThem(String header) throws IOException {
    try (RunningServer server =
            new RunningServer(l -> l.withConnections(10, 1).withProxies("127.0.0.0/8"));
        RawClient first = RawClient.open(server.port(), "/ws/chat/", header)) {
      assertThat(ask(server, RawClient.handshake("/ws/chat/")).status()).startsWith("101");
      assertThat(ask(server, RawClient.handshake("/ws/chat/", header)).status()).startsWith("429");
      first.text("still here");
      first.expectCount(1);
    }
  }

  @Test
  void namesTheVersionThatItSpeaks() throws IOException {
    try (RunningServer server = new RunningServer()) {
      Response response =
          ask(server, RawClient.handshake("/ws/chat/").replace("Version: 13", "Version: 7"));

      assertThat(response.headers()).containsEntry("sec-websocket-version", "13");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tally.example, true",
    "TALLY.example:8000, true",
    "192.0.2.1:8000, true",
    "192.0.2.1:8001, false",
    "192.0.2.1, false",
    "[::1]:8000, true",
    "evil.example, false",
    "tally.example.evil.example, false",
    "evil.example:8000, false",
  })
  void servesAllowedHostsOnly(String host, boolean allowed) throws IOException {
    try (RunningServer server =
        new RunningServer(l -> l.withHosts("tally.example", "192.0.2.1:8000", "[::1]"))) {
      Response handshake =
          ask(
              server,
              RawClient.handshake("/ws/chat/", "Origin: http://" + host)
                  .replace("tally.example:8000", host));
      assertThat(handshake.status()).startsWith(allowed ? "101 " : "421 ");
      try (RawClient client = new RawClient(server.port())) {
        for (String path : List.of("/", "/client/tally-client.js", "/healthz", "/readyz")) {
          client.send(
              ("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
          boolean health = path.endsWith("z");
          assertThat(client.response().status()).startsWith(allowed || health ? "200 " : "421 ");
        }
      }
      assertThat(server.events.contains("handshake wrong_host")).isEqualTo(!allowed);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://tally.example:8000, 101",
    "http://TALLY.example:8000, 101",
    "https://friend.example, 101",
    "https://evil.example, 403",
    "null, 403",
    "https://tally.example.evil.example:8000, 403",
  })
  void letsInItsOwnPagesAndThoseOnTheList(String origin, String status) throws IOException {
    try (RunningServer server = new RunningServer(l -> l.withOrigins("https://friend.example"))) {
      assertThat(ask(server, RawClient.handshake("/ws/chat/", "Origin: " + origin)).status())
          .startsWith(status);
    }
  }

  @Test
  void letsInEverybodyWithAStar() throws IOException {
    try (RunningServer server = new RunningServer(l -> l.withOrigins("*"))) {
      assertThat(
              ask(server, RawClient.handshake("/ws/chat/", "Origin: https://a.example")).status())
          .startsWith("101");
    }
  }

  @Test
  void refusesWhenFullAndTakesTheNextOneWhenSomebodyLeft() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withConnections(1, 0))) {
      try (RawClient first = RawClient.open(server.port())) {
        Response refused = ask(server, RawClient.handshake("/ws/chat/"));

        assertThat(refused.status()).isEqualTo("503 Service Unavailable");
        assertThat(refused.headers()).containsEntry("retry-after", "7");
        first.send(RawClient.frame(RawClient.CLOSE, RawClient.closePayload(1000, "")));
        assertThat(first.next().opcode()).isEqualTo(RawClient.CLOSE);
        assertThat(first.atEnd()).isTrue();
      }
      Await.until(() -> ask(server, RawClient.handshake("/ws/chat/")).status().startsWith("101"));
      assertThat(server.events).contains("handshake full", "handshake accepted");
    }
  }

  @Test
  void countsAddressesBehindTrustedProxiesOnly() throws IOException {
    try (RunningServer server =
            new RunningServer(l -> l.withConnections(10, 1).withProxies("127.0.0.0/8"));
        RawClient first = RawClient.open(server.port())) {
      Response another =
          ask(server, RawClient.handshake("/ws/chat/", "X-Forwarded-For: 6.6.6.6, 203.0.113.9"));
      Response same = ask(server, RawClient.handshake("/ws/chat/"));

      first.text("still here");
      first.expectCount(1);
      assertThat(another.status()).startsWith("101");
      assertThat(same.status()).isEqualTo("429 Too Many Requests");
      assertThat(same.body()).contains("127.0.0.1");
    }
    try (RunningServer server = new RunningServer(l -> l.withConnections(10, 1));
        RawClient first = RawClient.open(server.port())) {
      assertThat(
              ask(server, RawClient.handshake("/ws/chat/", "X-Forwarded-For: 203.0.113.9"))
                  .status())
          .startsWith("429");
      first.text("still here");
      first.expectCount(1);
    }
  }

  @Test
  void answersPlainHttpOnTheSamePort() throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = new RawClient(server.port())) {
      client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(client.response().body())
          .isEqualTo(
              "{\"status\":\"ok\",\"color\":\"blue\",\"version\":\"1.2.3\","
                  + "\"instance\":\"5f3a21c4\"}\n");
      client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(client.response().status()).isEqualTo("200 OK");
      client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      Response metrics = client.response();
      assertThat(metrics.status()).startsWith("404 ");
      assertThat(metrics.body()).contains("127.0.0.1:8001");
    }
  }
}
