package dev.tally.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.Identity;
import dev.tally.chat.Readiness;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.CapturingTransport.Close;
import dev.tally.chat.testing.Patience;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions that are closed over the admin port. */
class KickPageTest {

  private final CollectorRegistry registry = new CollectorRegistry();
  private final ChatHub hub = TestHub.inMemory();
  private final List<CapturingTransport> clients = new ArrayList<>();
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    hub.start();
    server =
        new AdminServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            registry,
            new Health(() -> new Readiness(true, "ready"), "", "0.1.0", ""),
            hub);
  }

  @AfterEach
  void stop() {
    server.close();
    hub.close();
  }

  private ChatSession connect(Identity identity) {
    CapturingTransport client = new CapturingTransport();
    clients.add(client);
    return hub.connect(client, SessionId.random(), Subprotocol.PLAIN, identity);
  }

  private List<Optional<Integer>> closes() {
    return clients.stream()
        .map(client -> client.closed().map(Close::code).map(CloseCode::code))
        .toList();
  }

  /** As bytes, so that the test decides what is encoded. */
  private String ask(String method, String target, String... headers) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) Patience.PATIENCE.toMillis());
      String head = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
      String more = headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
      socket.getOutputStream().write((head + more + "\r\n").getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private String kick(String query, String... headers) throws IOException {
    return ask("POST", "/sessions/close" + query, headers);
  }

  @Test
  void everyConnectionOfTheSubjectIsClosedAndCounted() throws Exception {
    connect(Identity.of("alice"));
    connect(Identity.of("bob"));
    connect(Identity.of("alice"));
    connect(Identity.ANONYMOUS);

    String answer = kick("?subject=alice");

    assertThat(answer)
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\r\nContent-Type: application/json; charset=utf-8\r\n")
        .contains("\r\nCache-Control: no-store\r\n")
        .endsWith("\r\n\r\n{\"closed\": 2}");
    assertThat(closes())
        .containsExactly(Optional.of(4403), Optional.empty(), Optional.of(4403), Optional.empty());
    assertThat(kick("?subject=alice")).as("again").endsWith("{\"closed\": 0}");
    assertThat(server.refusedRequests()).isZero();
  }

  @Test
  void sessionIsClosedByItsKey() throws Exception {
    ChatSession alice = connect(Identity.of("alice"));
    ChatSession anonymous = connect(Identity.ANONYMOUS);

    assertThat(kick("?session=" + alice.id().text())).endsWith("{\"closed\": 0}");
    assertThat(kick("?session=" + alice.key().text())).endsWith("{\"closed\": 1}");
    assertThat(closes()).containsExactly(Optional.of(4403), Optional.empty());
    assertThat(kick("?session=" + anonymous.id().text().toUpperCase(Locale.ROOT)))
        .endsWith("{\"closed\": 1}");
  }

  @ParameterizedTest
  @CsvSource({
    "al+ice@example.org, al+ice@example.org",
    "al+ice@example.org, al%2Bice%40example.org",
    "a b, a%20b",
    "\u00f6 & \ud83d\ude80 =%, %C3%B6%20%26%20%f0%9f%9a%80%20=%25",
  })
  void subjectIsDecodedAndNothingElseIsMadeOfIt(String subject, String encoded) throws Exception {
    connect(Identity.of(subject));

    assertThat(kick("?subject=" + encoded)).endsWith("{\"closed\": 1}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|one of subject=NAME and session=UUID",
        "?|one of subject=NAME and session=UUID",
        "?subject=alice&session=123e4567-e89b-42d3-a456-426614174000|one of subject=",
        "?subject=alice&subject=bob|one of subject=NAME and session=UUID",
        "?sub=alice|one of subject=NAME and session=UUID",
        "?subject=alice&dry=true|one of subject=NAME and session=UUID",
        "?subject|The subject must not be empty.",
        "?subject=|The subject must not be empty.",
        "?session=|The session must be a UUID of 36 characters.",
        "?session=alice|The session must be a UUID of 36 characters.",
        "?session=00000000-0000-0000-0000-000000000000|The session must be a UUID",
        "?subject=alice%|The query must be UTF-8, with % before two hexadecimal digits.",
        "?subject=alice%4|The query must be UTF-8",
        "?subject=alice%-1|The query must be UTF-8",
        "?subject=%c3|The query must be UTF-8",
        "?subject=%ed%a0%80|The query must be UTF-8",
      })
  void wrongParametersAreRefusedInOneSentence(String query, String sentence) throws Exception {
    connect(Identity.of("alice"));

    assertThat(kick(query))
        .startsWith("HTTP/1.1 400 Bad Request\r\n")
        .contains(sentence)
        .endsWith(".\n");
    assertThat(closes()).containsExactly(Optional.empty());
    assertThat(server.refusedRequests()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
  void otherMethodsCloseNothing(String method) throws Exception {
    connect(Identity.of("alice"));

    assertThat(ask(method, "/sessions/close?subject=alice"))
        .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
        .contains("\r\nAllow: POST\r\n")
        .doesNotContain("Access-Control");
    assertThat(closes()).containsExactly(Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Origin: https://evil.example",
        "origin: null",
        "Origin:",
        "Origin: http://localhost:8001",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: none",
      })
  void pageInABrowserClosesNothing(String header) throws Exception {
    connect(Identity.of("alice"));

    assertThat(kick("?subject=alice", header, "Content-Length: 0"))
        .startsWith("HTTP/1.1 403 Forbidden\r\n")
        .contains("A browser must not close sessions");
    assertThat(closes()).containsExactly(Optional.empty());
  }

  @Test
  void scrapeThatHangsKeepsNobodyConnected() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        begun.countDown();
        try {
          end.await();
        } catch (InterruptedException e) {
          // The port was closed.
        }
        return List.of();
      }
    }.register(registry);
    connect(Identity.of("alice"));
    try (Socket scrape = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      scrape.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
      begun.await();

      assertThat(kick("?subject=alice")).endsWith("{\"closed\": 1}");

      end.countDown();
    }
  }
}
