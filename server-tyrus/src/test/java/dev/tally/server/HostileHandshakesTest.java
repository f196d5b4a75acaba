package dev.tally.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Response;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Before the upgrade: garbage, floods, trickles and resets; none leaves a trace in the log. */
class HostileHandshakesTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private static final String HANDSHAKE = RawClient.handshake("/ws/chat/");
  private static final String HEAD = HANDSHAKE.substring(0, HANDSHAKE.length() - 2);

  private CapturedLog log;

  @BeforeEach
  void listenToTheLog() {
    log = new CapturedLog();
  }

  @AfterEach
  void findNoTroubleInIt() {
    log.close();
    assertThat(log.troubles).isEmpty();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\r\n\r\n\r\n\r\n",
        "\u0000\u00ff\u0001\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
        "GET\r\n\r\n",
        "GET /ws/chat/\r\n\r\n",
        "GET /ws/chat/ HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /ws/chat/ HTTP/1.1\r\n\r\n",
        "GET /%zz%00/../\u0000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\u0000\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "\u0081\u0081\u0000\u0000\u0000\u0000a",
      })
  void refusesGarbageOrLetsItTimeOut(String garbage) throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withTimes(TIMEOUT, Duration.ofHours(1)));
        RawClient bystander = RawClient.open(server.port());
        RawClient client = new RawClient(server.port())) {
      client.send(bytes(garbage));
      awaitAnswer(server, client);
      try {
        assertThat(client.response().status()).matches("[45]\\d\\d .*");
        // Grizzly takes PRI for HTTP/2 to come, and does not close behind its answer.
        awaitAnswer(server, client);
        assertThat(client.atEnd()).isTrue();
      } catch (EOFException e) {
        // No answer but the end of the connection will do.
      }
      bystander.text("unharmed");
      bystander.expectCount(1);
    }
  }

  /** Lets handshakes time out until there is something to read, or the end. */
  private static void awaitAnswer(RunningServer server, RawClient client) throws Exception {
    Await.until(
        () -> {
          server.skip(TIMEOUT);
          return client.isAnswered();
        });
  }

  @Test
  void refusesTooManyAndTooLongHeaders() throws IOException {
    String many =
        IntStream.range(0, 200).mapToObj(i -> "X-" + i + ": a\r\n").collect(Collectors.joining());
    String value = "a".repeat(40_000);
    for (String flood :
        List.of(
            HEAD + many + "\r\n",
            HEAD + "X-Flood: " + value + "\r\n\r\n",
            HEAD + "X-" + value + ": a\r\n\r\n",
            HEAD + "X-Endless: " + value.repeat(20),
            "GET /ws/chat/?session_id=" + value + " HTTP/1.1\r\n\r\n",
            "A".repeat(40_000))) {
      try (RunningServer server = new RunningServer();
          RawClient client = new RawClient(server.port())) {
        try {
          client.send(bytes(flood));
        } catch (SocketException e) {
          // Refused before all of it was sent.
        }
        Response response = client.response();
        assertThat(response.status()).matches("431 .*|414 .*");
        assertThat(response.body()).containsPattern("at most (32768 bytes|128 headers)");
        assertThat(client.atEnd()).isTrue();
        assertThat(server.events).containsExactly("handshake too_large");
        assertThat(server.server().hub().statistics().connections()).isZero();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /ws/chat/ HTTP/1.1\r\nHost: a\r\nX-Endless: ",
        "GET /ws/chat/?session_id=",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
      })
  void endsARequestThatTricklesIn(String start) throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withTimes(TIMEOUT, Duration.ofHours(1)));
        RawClient client = new RawClient(server.port())) {
      client.send(bytes(start));
      Await.until(
          () -> {
            try {
              client.send(bytes("a"));
              server.skip(TIMEOUT);
              return false;
            } catch (SocketException e) {
              return true;
            }
          });
      assertThat(server.accepts()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET /healthz", "POST /", "GET /ws/chat/"})
  void refusesAChunkWhoseSizeIsNoNumber(String request) throws IOException {
    String head = request + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    try (RunningServer server = new RunningServer()) {
      for (String body :
          List.of("xyz\r\n", "-1\r\n", "f".repeat(40) + "\r\n", "1\r\na\r\nxyz\r\n")) {
        try (RawClient whole = new RawClient(server.port());
            RawClient trickling = new RawClient(server.port())) {
          whole.send(bytes(head + body));
          assertThat(whole.response().status()).startsWith("40");
          assertThat(whole.atEnd()).isTrue();
          trickling.sendUntilAnswered(bytes(head + body));
          assertThat(trickling.response().status()).startsWith("40");
        }
      }
    }
  }

  @Test
  void countsTimeoutsOfHandshakes() throws Exception {
    try (RunningServer server = new RunningServer(l -> l.withTimes(TIMEOUT, Duration.ofHours(1)));
        RawClient mute = new RawClient(server.port())) {
      Await.until(
          () -> {
            server.skip(TIMEOUT);
            return server.events.contains("handshake timeout");
          });
      assertThat(mute.atEnd()).isTrue();
    }
  }

  @Test
  void losesNoByteBehindTheHandshake() throws IOException {
    byte[] frames = Frames.of("text:a ping:b text:.. more:c");
    byte[] many = frames;
    while (many.length < 50_000) {
      many = RawClient.concat(many, many);
    }
    String plain = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    try (RunningServer server = new RunningServer();
        RawClient client = new RawClient(server.port())) {
      client.send(RawClient.concat(bytes(plain), bytes(HANDSHAKE), many));
      assertThat(client.response().status()).startsWith("200 ");
      assertThat(client.response().status()).startsWith("101 ");
      for (int i = 0; i < many.length / frames.length; i++) {
        client.expectCount(2 * i + 1);
        assertThat(client.next()).hasToString("pong:b");
        client.expectCount(2 * i + 2);
      }
    }
  }

  @Test
  void closesAfterAViolationRightBehindTheHandshake() throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = new RawClient(server.port())) {
      client.send(RawClient.concat(bytes(HANDSHAKE), Frames.of("text:a more:b text:c")));
      assertThat(client.response().status()).startsWith("101 ");
      client.expectCount(1);
      client.expectClose(1002, "continuation of nothing");
    }
  }

  @Test
  void leaksNoPlaceToHandshakesThatFail() throws Exception {
    List<String> bad =
        List.of(
            HANDSHAKE.replace("Version: 13", "Version: 8"),
            HANDSHAKE.replace("AAAA", "!"),
            HANDSHAKE.replace("/ws/chat/", "/ws/chat/?session_id=1"),
            HANDSHAKE.replace("/ws/chat/", "/ws/chat/?session_id=%"),
            HANDSHAKE.replace("Host:", "Origin: https://evil.example\r\nHost:"),
            HEAD,
            "");
    try (RunningServer server = new RunningServer(l -> l.withConnections(1, 1))) {
      for (int i = 0; i < 20; i++) {
        for (String request : bad) {
          RawClient client = new RawClient(server.port());
          client.send(bytes(request));
          if (i % 2 == 0) {
            client.reset();
          } else {
            client.close();
          }
        }
        RawClient gone = new RawClient(server.port());
        gone.send(bytes(HANDSHAKE));
        gone.reset();
      }
      Await.until(server::accepts);
      Await.until(() -> server.server().hub().statistics().connections() == 0);
    }
  }

  @Test
  void letsNobodyKeepOthersOutByHoldingSockets() throws Exception {
    byte[] page = bytes("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    List<RawClient> clients = new ArrayList<>();
    try (RunningServer server = new RunningServer(l -> l.withConnections(10, 0).withSpare(20))) {
      for (int i = 0; i < 400; i++) {
        RawClient idle = new RawClient(server.port());
        clients.add(idle);
        if (i % 2 == 0) {
          idle.send(page);
        }
      }
      for (int i = 1; i <= 10; i++) {
        RawClient newcomer = new RawClient(server.port(), "127.0.0.2");
        clients.add(newcomer);
        newcomer.send(bytes(HANDSHAKE));
        assertThat(newcomer.response().status()).startsWith("101 ");
        newcomer.text("counted");
        newcomer.expectCount(1);
      }
      assertThat(server.server().httpConnections()).isLessThanOrEqualTo(20);
      assertThat(server.events).contains("handshake evicted").doesNotContain("handshake full");
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void anAddressHasAsManyOtherSocketsAsWebSockets() throws Exception {
    byte[] page = bytes("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    List<RawClient> clients = new ArrayList<>();
    try (RunningServer server = new RunningServer(l -> l.withConnections(100, 2))) {
      for (String from : List.of("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2")) {
        RawClient client = new RawClient(server.port(), from);
        clients.add(client);
        client.send(page);
        assertThat(client.response().status()).startsWith("200 ");
      }
      assertThat(clients.get(0).atEnd()).isTrue();
      assertThat(server.server().httpConnections()).isEqualTo(3);
      assertThat(server.events).containsExactly("handshake evicted");
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void takesAQueryThatIsNoUriAndKeepsTheLogClean() throws IOException {
    try (RunningServer server = new RunningServer();
        RawClient client = RawClient.open(server.port(), "/ws/chat/?a={}|^\"<>%zz\\&&=&b")) {
      client.text("fine");
      client.expectCount(1);
    }
  }

  @Test
  void keepsTheLogCleanWhenPipedRequestsOutliveTheirClient() throws Exception {
    byte[] requests = bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000));
    try (RunningServer server = new RunningServer()) {
      for (int i = 0; i < 10; i++) {
        RawClient client = new RawClient(server.port());
        try {
          client.send(requests);
          client.send(requests);
        } catch (SocketException e) {
          // What waits for it is bounded.
        }
        client.reset();
      }
      assertThat(server.accepts()).isTrue();
    }
  }
}
