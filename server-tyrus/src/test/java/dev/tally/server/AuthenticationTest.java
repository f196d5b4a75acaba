package dev.tally.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.tally.server.RawClient.Response;
import dev.tally.server.auth.AuthSettings;
import dev.tally.server.auth.Issuer;
import dev.tally.server.auth.KeyLocation;
import dev.tally.server.auth.KeyServer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets in with which token, where it may stand, and what the others are told. */
class AuthenticationTest {

  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(US_ASCII);
  private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
  private static final long EXPIRES = NOW.getEpochSecond() + 3600;

  @RegisterExtension
  static final RunningServer SERVER = new RunningServer(l -> l, settings(false), () -> NOW);

  @RegisterExtension
  static final RunningServer WITH_QUERY = new RunningServer(l -> l, settings(true), () -> NOW);

  private static AuthSettings settings(boolean query) {
    return new AuthSettings(
        new KeyLocation.Secret(new SecretKeySpec(SECRET, "HmacSHA256")),
        Optional.of("https://issuer.example"),
        Optional.of("tally"),
        Duration.ofSeconds(60),
        query);
  }

  private static String token() throws Exception {
    return token(EXPIRES);
  }

  private static String token(long expires) throws Exception {
    return Issuer.hs256(
        SECRET,
        "{\"sub\":\"alice@example.org\",\"iss\":\"https://issuer.example\",\"aud\":\"tally\",\"exp\":"
            + expires
            + "}");
  }

  private static Response ask(RunningServer server, String target, String... headers)
      throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      client.send(RawClient.handshake(target, headers).getBytes(ISO_8859_1));
      return client.response();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization: Bearer %s",
        "authorization: bearer   %s",
        "Sec-WebSocket-Protocol: tally.v1, bearer.%s",
        "Sec-WebSocket-Protocol: bearer.%s,tally.v1",
        "Sec-WebSocket-Protocol: bearer.%s",
        "Sec-WebSocket-Protocol: tally.v1\r\nSec-WebSocket-Protocol: bearer.%s",
      })
  void takesATokenAtItsPlaces(String header) throws Exception {
    Response response = ask(SERVER, "/ws/chat/", String.format(header, token()));

    assertThat(response.status()).isEqualTo("101 Switching Protocols");
    assertThat(response.headers().get("sec-websocket-protocol"))
        .isEqualTo(header.contains("tally.v1") ? "tally.v1" : null);
    assertThat(response.toString()).doesNotContain("bearer", token());
  }

  @Test
  void ignoresTokensWhereNoneIsRequired() throws Exception {
    try (RunningServer open = new RunningServer()) {
      for (String header :
          List.of("Authorization: Bearer x", "Sec-WebSocket-Protocol: bearer.x, tally.v1")) {
        Response response = ask(open, "/ws/chat/?access_token=x", header);
        assertThat(response.status()).startsWith("101 ");
        assertThat(response.toString()).doesNotContain("bearer");
      }
    }
  }

  @Test
  void saysWithoutAnErrorThatATokenIsRequired() throws Exception {
    Response response = ask(SERVER, "/ws/chat/", "Sec-WebSocket-Protocol: tally.v1");

    assertThat(response.status()).isEqualTo("401 Unauthorized");
    assertThat(response.headers()).containsEntry("www-authenticate", "Bearer realm=\"tally\"");
    assertThat(response.body()).startsWith("A token is required: ").hasLineCount(1);
  }

  @Test
  void saysWhatIsWrongWithAToken() throws Exception {
    Response response = ask(SERVER, "/ws/chat/", "Authorization: Bearer " + token(EXPIRES - 7200));

    assertThat(response.status()).isEqualTo("401 Unauthorized");
    assertThat(response.headers())
        .containsEntry(
            "www-authenticate",
            "Bearer realm=\"tally\", error=\"invalid_token\","
                + " error_description=\"The token is expired.\"")
        .containsEntry("connection", "close");
    assertThat(response.body()).isEqualTo("The token is expired.\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization: Bearer %1$s\r\nAuthorization: Bearer %1$s",
        "Authorization: Bearer %1$s\r\nSec-WebSocket-Protocol: tally.v1, bearer.%1$s",
        "Sec-WebSocket-Protocol: bearer.%1$s, bearer.%1$s",
        "Authorization: Basic dXNlcjpwYXNz\r\nSec-WebSocket-Protocol: bearer.%1$s",
        "Authorization: %1$s",
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: Bearer",
        "Authorization: Bearer %1$s %1$s",
        "Authorization: Bearer%1$s",
      })
  void refusesTwoTokensAndWhatIsNone(String headers) throws Exception {
    Response response = ask(SERVER, "/ws/chat/", String.format(headers, token()));

    assertThat(response.status()).isEqualTo("400 Bad Request");
    assertThat(response.headers().get("www-authenticate"))
        .startsWith("Bearer realm=\"tally\", error=\"invalid_request\", error_description=\"");
    assertThat(response.body()).hasLineCount(1).doesNotContain(token());
  }

  @ParameterizedTest
  @ValueSource(strings = {"access_token", "%61ccess_token"})
  void takesATokenFromTheQueryOnlyWhereThatIsOn(String name) throws Exception {
    String target = "/ws/chat/?" + name + "=" + token();

    assertThat(ask(WITH_QUERY, target).status()).startsWith("101 ");
    assertThat(ask(WITH_QUERY, target, "Authorization: Bearer " + token()).status())
        .startsWith("400 ");
    Response refused = ask(SERVER, target);
    assertThat(refused.status()).isEqualTo("400 Bad Request");
    assertThat(refused.body()).startsWith("A token in the query is not accepted: ");
    assertThat(ask(SERVER, target, "Authorization: Bearer " + token()).status()).startsWith("400 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Cookie: access_token=%s",
        "X-Access-Token: %s",
        "Sec-WebSocket-Protocol: tally.v1, %s"
      })
  void takesNoTokenAtOtherPlaces(String header) throws Exception {
    Response response = ask(SERVER, "/ws/chat/", String.format(header, token()));

    assertThat(response.status()).isEqualTo("401 Unauthorized");
    assertThat(response.headers()).containsEntry("www-authenticate", "Bearer realm=\"tally\"");
  }

  @Test
  void refusesALongTokenBeforeItIsRead() throws Exception {
    Response response = ask(SERVER, "/ws/chat/", "Authorization: Bearer " + "a".repeat(8193));
    assertThat(response.body()).isEqualTo("The token is longer than 8192 characters.\n");

    try (RawClient client = new RawClient(SERVER.port())) {
      String huge = "Authorization: Bearer " + "a".repeat(1 << 20);
      client.sendUntilAnswered(
          RawClient.handshake("/ws/chat/", huge).substring(0, 40_000).getBytes(ISO_8859_1));
      assertThat(client.response().status()).startsWith("431 ");
    }
  }

  @Test
  void otherRulesComeFirstAndNoPlaceIsTaken() throws Exception {
    assertThat(ask(SERVER, "/ws/chat/", "Origin: http://other.example").status())
        .startsWith("403 ");
    assertThat(ask(SERVER, "/ws/chat/?session_id=1").status()).startsWith("400 ");
    assertThat(ask(SERVER, "/nothing").status()).startsWith("404 ");
    try (RunningServer small =
        new RunningServer(l -> l.withConnections(1, 0), settings(false), () -> NOW)) {
      for (int i = 0; i < 3; i++) {
        assertThat(ask(small, "/ws/chat/").status()).startsWith("401 ");
      }
      assertThat(small.events).containsOnly("handshake unauthorized");
      assertThat(ask(small, "/ws/chat/", "Authorization: Bearer " + token()).status())
          .startsWith("101 ");
    }
  }

  /** A promotion moves a client to the other colour with the token that it has. */
  @Test
  void aTokenIsGoodOnEveryServerWithItsKey() throws Exception {
    String header = "Authorization: Bearer " + token();

    for (RunningServer server : List.of(SERVER, WITH_QUERY, SERVER)) {
      assertThat(ask(server, "/ws/chat/", header).status()).isEqualTo("101 Switching Protocols");
    }
  }

  @Test
  void logsTheSubjectAsAHashAndNeverTheToken() throws Exception {
    try (CapturedLog log = new CapturedLog(Level.TRACE)) {
      ask(SERVER, "/ws/chat/", "Authorization: Bearer " + token());
      ask(WITH_QUERY, "/ws/chat/?access_token=" + token());
      ask(SERVER, "/ws/chat/", "Authorization: Bearer " + token(0));
      ask(SERVER, "/ws/chat/", "Sec-WebSocket-Protocol: tally.v1, bearer." + token(0));
      Await.until(() -> log.text().contains("The token is expired."));
      Await.until(() -> log.text().contains("subject"));

      assertThat(log.text())
          .contains("subject=\"7a64adf28737\"")
          .doesNotContain("alice", token(), token(0));
      assertThat(log.text())
          .doesNotContain(token().substring(token().lastIndexOf('.')), "access_token");
    }
  }

  @Test
  void isNotReadyBeforeTheKeysAreThere() throws Exception {
    Issuer issuer = Issuer.of("ES256", "key");
    String authorization =
        "Authorization: Bearer " + issuer.token("{\"sub\":\"bob\",\"exp\":" + EXPIRES + "}");
    try (KeyServer keys = new KeyServer()) {
      AuthSettings settings =
          new AuthSettings(
              new KeyLocation.JwksUrl(keys.url()),
              Optional.empty(),
              Optional.empty(),
              Duration.ZERO,
              false);
      try (RunningServer server = new RunningServer(l -> l, settings, () -> NOW)) {
        Await.until(() -> readiness(server).contains("keys_unavailable"));
        Response early = ask(server, "/ws/chat/", authorization);
        assertThat(early.status()).isEqualTo("503 Service Unavailable");
        assertThat(early.headers()).containsEntry("retry-after", "7");

        keys.answers(KeyServer.json(Issuer.jwks(issuer)));
        Await.until(() -> readiness(server).contains("\"ready\""));
        assertThat(ask(server, "/ws/chat/", authorization).status()).startsWith("101 ");
      }
    }
  }

  private static String readiness(RunningServer server) throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      client.send("GET /readyz HTTP/1.1\r\nHost: tally\r\n\r\n".getBytes(US_ASCII));
      return client.response().body();
    }
  }
}
