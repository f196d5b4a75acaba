package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.RawClient.Response;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The limits on handshakes and new sessions of one address, through sockets. */
class RateLimitsTest {

  private static final String CHAT = "/ws/chat/";

  private static Response ask(RunningServer server, String from, String target, String... headers)
      throws IOException {
    try (RawClient client = new RawClient(server.port(), from)) {
      client.send(RawClient.handshake(target, headers).getBytes(US_ASCII));
      return client.response();
    }
  }

  private static String status(RunningServer server, String from, String... headers)
      throws IOException {
    return ask(server, from, CHAT, headers).status().substring(0, 3);
  }

  private static void exhaust(RunningServer server, int times, String from, String... headers)
      throws IOException {
    for (int i = 0; i < times; i++) {
      assertThat(status(server, from, headers)).isEqualTo("101");
    }
    assertThat(status(server, from, headers)).isEqualTo("429");
  }

  private static RunningServer server(int handshakes, int sessions, String... proxies) {
    return RunningServer.withClockThatStands(
        l -> l.withRatesPerAddress(handshakes, sessions).withProxies(proxies));
  }

  @Test
  void aBurstPassesAndWhatIsBeyondItIsToldWhenToComeBack() throws IOException {
    try (RunningServer server = server(3, 0)) {
      for (int i = 0; i < 3; i++) {
        assertThat(status(server, "127.0.0.1")).isEqualTo("101");
      }

      Response refused = ask(server, "127.0.0.1", CHAT);

      assertThat(refused.status()).isEqualTo("429 Too Many Requests");
      assertThat(refused.body())
          .isEqualTo(
              "The address 127.0.0.1 may make 3 handshakes a minute, and this is one more.\n");
      assertThat(refused.headers()).containsEntry("retry-after", "20");
      server.skip(Duration.ofSeconds(19));
      assertThat(ask(server, "127.0.0.1", CHAT).headers()).containsEntry("retry-after", "1");
      server.skip(Duration.ofSeconds(1));
      exhaust(server, 1, "127.0.0.1");
    }
  }

  @Test
  void anotherAddressIsNotAffected() throws IOException {
    try (RunningServer server = server(2, 1)) {
      exhaust(server, 1, "127.0.0.1");
      exhaust(server, 1, "127.0.0.2");
      assertThat(status(server, "127.0.0.3")).isEqualTo("101");
    }
  }

  @Test
  void handshakesAgainstTheRulesCountToo() throws IOException {
    try (RunningServer server = server(2, 0)) {
      String none = "/ws/chat/?session_id=none";
      assertThat(ask(server, "127.0.0.1", none).status()).startsWith("400 ");
      assertThat(status(server, "127.0.0.1", "Origin: http://elsewhere.example")).isEqualTo("403");
      assertThat(status(server, "127.0.0.1")).isEqualTo("429");
    }
  }

  @Test
  void aNetworkOfIpv6BehindATrustedProxyIsOneAddress() throws IOException {
    try (RunningServer server = server(2, 0, "127.0.0.0/8")) {
      exhaust(server, 2, "127.0.0.1", "X-Forwarded-For: 2001:db8::1");
      assertThat(status(server, "127.0.0.1", "X-Forwarded-For: 2001:db8::ffff:1")).isEqualTo("429");
      assertThat(status(server, "127.0.0.1", "Forwarded: for=\"[2001:db8::2]:4711\""))
          .isEqualTo("429");
      assertThat(status(server, "127.0.0.2", "X-Forwarded-For: 2001:db8::3")).isEqualTo("429");
      assertThat(status(server, "127.0.0.1", "X-Forwarded-For: 2001:db8:0:1::1")).isEqualTo("101");
    }
  }

  @Test
  void whatAProxyThatIsNotTrustedForwardsDoesNotCount() throws IOException {
    try (RunningServer server = server(2, 0, "127.0.0.9")) {
      exhaust(server, 2, "127.0.0.1", "X-Forwarded-For: 203.0.113.1");
      assertThat(status(server, "127.0.0.1", "X-Forwarded-For: 203.0.113.2")).isEqualTo("429");
      assertThat(status(server, "127.0.0.1", "Forwarded: for=203.0.113.3")).isEqualTo("429");
      assertThat(status(server, "127.0.0.2", "X-Forwarded-For: 203.0.113.1")).isEqualTo("101");
    }
  }

  /** What stands to the left of the trusted proxy's word is the client's own. */
  @Test
  void aClientOfATrustedProxyCannotMakeAddressesUp() throws IOException {
    try (RunningServer server = server(2, 0, "127.0.0.1")) {
      exhaust(server, 2, "127.0.0.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.1");
      assertThat(status(server, "127.0.0.1", "X-Forwarded-For: 198.51.100.2, 203.0.113.1"))
          .isEqualTo("429");
    }
  }

  @Test
  void resumesAreNoNewSessions() throws IOException {
    try (RunningServer server = server(0, 2)) {
      String session = CHAT + "?session_id=" + UUID.randomUUID();
      for (int i = 0; i < 20; i++) {
        try (RawClient client =
            RawClient.open(server.port(), session, "Sec-WebSocket-Protocol: tally.v1")) {
          String resumed = String.format(Locale.ROOT, "\"resumed\": %b,", i > 0);
          assertThat(client.next().text()).contains(resumed);
        }
      }
      exhaust(server, 1, "127.0.0.1");
    }
  }

  /** An attacker may choose ids: each unknown one is a session more in the store. */
  @Test
  void idsThatNobodyKnowsAreNewSessions() throws IOException {
    try (RunningServer server = server(0, 2)) {
      for (int i = 0; i < 2; i++) {
        String unknown = CHAT + "?session_id=" + UUID.randomUUID();
        assertThat(ask(server, "127.0.0.1", unknown).status()).startsWith("101 ");
      }

      Response refused = ask(server, "127.0.0.1", CHAT + "?session_id=" + UUID.randomUUID());

      assertThat(refused.status()).isEqualTo("429 Too Many Requests");
      assertThat(refused.headers()).containsKey("retry-after");
      assertThat(refused.body())
          .isEqualTo(
              "The address 127.0.0.1 may make 2 new sessions a minute, and this is one more.\n");
      assertThat(server.server().hub().statistics().connections()).isLessThanOrEqualTo(2);
    }
  }

  /** Nobody knows yet whether these are resumes: a flood while the store hangs is one after it. */
  @Test
  void aStoreThatDoesNotAnswerGivesNothingBack() throws Exception {
    HangingStore store = new HangingStore();
    String session = CHAT + "?session_id=" + UUID.randomUUID();
    try (RunningServer server =
        RunningServer.withClockThatStands(l -> l.withRatesPerAddress(0, 2), store)) {
      try (RawClient first = RawClient.open(server.port(), session)) {
        first.text("one");
        first.expectCount(1);
      }
      store.hang();
      try (RawClient waiting = RawClient.open(server.port(), session)) {
        assertThat(status(server, "127.0.0.1")).isEqualTo("429");
        store.goOn();
        waiting.text("two");
        waiting.expectCount(2);
      } finally {
        store.goOn();
      }
      exhaust(server, 1, "127.0.0.1");
    }
  }

  @Test
  void aRefusedHandshakeLeavesItsPlaceToOthers() throws IOException {
    try (RunningServer server =
            RunningServer.withClockThatStands(
                l -> l.withConnections(2, 0).withRatesPerAddress(0, 1));
        RawClient open = RawClient.open(server.port())) {
      for (int i = 0; i < 5; i++) {
        assertThat(status(server, "127.0.0.1")).isEqualTo("429");
      }
      assertThat(status(server, "127.0.0.2")).isEqualTo("101");
      open.text("still here");
      open.expectCount(1);
    }
  }

  @Test
  void nothingIsLimitedByDefault() throws IOException {
    try (RunningServer server = new RunningServer()) {
      for (int i = 0; i < 300; i++) {
        assertThat(status(server, "127.0.0.1")).isEqualTo("101");
      }
    }
  }
}
