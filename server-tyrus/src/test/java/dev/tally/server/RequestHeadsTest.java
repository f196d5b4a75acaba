package dev.tally.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Response;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the main port does with heads that two readers could read in two ways. {@code
 * RequestHeadTest} has the rules one by one.
 */
class RequestHeadsTest {

  @RegisterExtension static final RunningServer SERVER = new RunningServer();

  private static byte[] bytes(String text) {
    return text.replace("~", "\r\n").replace("{nul}", "\0").getBytes(ISO_8859_1);
  }

  /** A tilde is CRLF. Behind each head stands a second request, which must get no answer. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET /healthz HTTP/1.1~Host: a~Content-Length : 42~~|400",
        "GET /healthz HTTP/1.1~Host: a~Content-Length: 42~~|400",
        "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~2a~~|400",
        "GET /healthz HTTP/1.1~Host: a~Transfer-Encoding : chunked~~|400",
        "GET /healthz HTTP/1.1~Host: a~Host: b~~|400",
        "GET /healthz HTTP/1.1~Host: a~X-A: {nul}~~|400",
        "GET /healthz HTTP/1.1~Host: a~X-A: b~ c~~|400",
        "GARBAGE~~|400",
        "GET /healthz HTTP/2.0~Host: a~~|505",
      })
  void getOneAnswerAndTheEnd(String head, String status) throws IOException {
    String second = "GET /readyz HTTP/1.1~Host: a~~";
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes(head + second));
      Response response = client.response();
      assertThat(response.status()).startsWith(status + " ");
      assertThat(response.headers()).containsEntry("connection", "close");
      assertThat(response.body()).endsWith(".\n");
      assertThat(client.atEnd()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Transfer-Encoding : chunked",
        "X-A : b",
        "Host: b",
        "X-A: {nul}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Version: 8",
        "Origin: http://tally.example:8000~Origin: http://tally.example:8000",
      })
  void areNoHandshakes(String header) throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes(RawClient.handshake("/ws/chat/", header)));
      assertThat(client.response().status()).startsWith("400 ");
      assertThat(client.atEnd()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/ws/chat/", "ws://a:1/ws/chat/", "WSS://a/ws/chat", "http://a/ws/chat?b"})
  void mayHaveAUrlAndAnEmptyLineBeforeThem(String target) throws IOException {
    try (RawClient whole = new RawClient(SERVER.port());
        RawClient trickling = new RawClient(SERVER.port())) {
      whole.send(bytes("~" + RawClient.handshake(target)));
      trickling.sendOneByOne(bytes("~" + RawClient.handshake(target)));
      for (RawClient client : new RawClient[] {whole, trickling}) {
        assertThat(client.response().status()).startsWith("101 ");
        client.text("counted");
        client.expectCount(1);
      }
    }
  }

  @Test
  void takeTheHostOfTheirUrl() throws IOException {
    String own = "Origin: https://other.example:8443";
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes(RawClient.handshake("ws://other.example:8443/ws/chat/", own)));
      assertThat(client.response().status()).startsWith("101 ");
    }
  }

  @Test
  void mayFollowEachOtherWithEmptyLinesBetween() throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes("GET /healthz HTTP/1.1~Host: a~~".repeat(3)));
      client.send(bytes("~GET http://a/healthz?b HTTP/1.1~Host: a~~".repeat(3)));
      for (int i = 0; i < 6; i++) {
        assertThat(client.response().status()).startsWith("200 ");
      }
    }
  }

  @Test
  void haveNoBodyInTheAnswerToHead() throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes(RawClient.handshake("/ws/chat/").replace("GET", "HEAD")));
      String answer = new String(client.socket.getInputStream().readAllBytes(), ISO_8859_1);
      assertThat(answer).startsWith("HTTP/1.1 405 ").endsWith("\r\n\r\n");
    }
  }

  @Test
  void getTheirAnswerThoughMoreIsSentBehindThem() throws IOException {
    try (RawClient client = new RawClient(SERVER.port())) {
      client.send(bytes("GARBAGE~~" + "x".repeat(200_000)));
      client.send(bytes("x".repeat(200_000)));
      assertThat(client.response().status()).startsWith("400 ");
      assertThat(client.atEnd()).isTrue();
    }
  }
}
