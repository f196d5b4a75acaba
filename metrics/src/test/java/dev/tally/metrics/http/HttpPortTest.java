package dev.tally.metrics.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpPortTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private HttpPort port;
  private Thread thread;

  @BeforeEach
  void start() throws IOException {
    port =
        new HttpPort(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            HttpPortTest::answer,
            HeadLimits.DEFAULT,
            8,
            PATIENCE);
    thread = new Thread(port);
    thread.start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    port.close();
    thread.join();
  }

  /** Answers with what it was asked. */
  private static CompletableFuture<HttpAnswer> answer(HttpRequest request) {
    if (request.path().equals("/broken")) {
      throw new IllegalStateException("no answer");
    }
    String body =
        request.path() + " " + request.query() + " " + request.header("x-long").length() + "\n";
    return CompletableFuture.completedFuture(
        new HttpAnswer("200 OK", "application/test", "", body.getBytes(UTF_8)));
  }

  @Test
  void aRequestMayComeInPieces() throws Exception {
    try (Socket socket = send("")) {
      for (char c : "GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Long: ".toCharArray()) {
        socket.getOutputStream().write(c);
      }
      socket.getOutputStream().write(("x".repeat(2000) + "\r\n\r\nmore").getBytes(UTF_8));
      assertThat(read(socket)).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\n/a b=c 2000\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "nonsense, 400",
    "GET x HTTP/1.1, 400",
    "GET / HTTP/2.0, 505",
    "GET /healthz  HTTP/1.1, 400"
  })
  void whatIsNotARequestIsRefused(String line, String status) throws Exception {
    assertThat(exchange(line + "\r\nHost: a\r\n\r\n")).startsWith("HTTP/1.1 " + status + " ");
    assertThat(port.refused()).isEqualTo(1);
  }

  @Test
  void aRequestThatCouldBeReadInTwoWaysGetsOneAnswer() throws Exception {
    String second = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
    assertThat(exchange("GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 30\r\n\r\n" + second))
        .startsWith("HTTP/1.1 400 ")
        .containsOnlyOnce("HTTP/1.1 4")
        .doesNotContain("/second");
  }

  @Test
  void aTargetMayBeAUrlWithAnEmptyLineBeforeIt() throws Exception {
    assertThat(exchange("\r\nGET http://a:8001/b?c HTTP/1.1\r\nHost: a:8001\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ")
        .endsWith("\n/b c 0\n");
  }

  @Test
  void aHeadThatIsTooLongIsRefused() throws Exception {
    assertThat(exchange("GET / HTTP/1.1\r\nX-Long: " + "x".repeat(40_000)))
        .startsWith("HTTP/1.1 431 ");
  }

  @Test
  void aHandlerThatThrowsHarmsItsOwnRequestOnly() throws Exception {
    assertThat(exchange("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n"))
        .startsWith("HTTP/1.1 500 ")
        .contains("no answer");
    assertThat(exchange("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")).endsWith("\n/next  0\n");
  }

  private String exchange(String request) throws IOException {
    try (Socket socket = send(request)) {
      return read(socket);
    }
  }

  private Socket send(String text) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port.number());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    try {
      socket.getOutputStream().write(text.getBytes(UTF_8));
    } catch (SocketException e) {
      // The port has answered and closed already.
    }
    return socket;
  }

  private static String read(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), UTF_8);
  }
}
