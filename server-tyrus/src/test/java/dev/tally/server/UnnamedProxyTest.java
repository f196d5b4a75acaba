package dev.tally.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the log says if nearly all clients come through a proxy that no setting names. */
class UnnamedProxyTest {

  private static final String WARNING =
      "dev.tally.server.handshake.UnnamedProxy: more than 90 of the last 100 handshakes came from"
          + " 127.0.0.2 with X-Forwarded-For or Forwarded: if that is your proxy, set"
          + " --trusted-proxies 127.0.0.2, or the log and all limits per address take its clients"
          + " for one";

  private static void handshakes(RunningServer server, int times, String from, String... headers)
      throws IOException {
    for (int i = 0; i < times; i++) {
      try (RawClient client = new RawClient(server.port(), from)) {
        client.send(RawClient.handshake("/ws/chat/", headers).getBytes(US_ASCII));
        assertThat(client.response().status()).startsWith("101 ");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Forwarded-For: 203.0.113.1", "Forwarded: for=203.0.113.1"})
  void isNamedOnceWithTheSettingThatNamesIt(String header) throws IOException {
    try (RunningServer server = new RunningServer();
        CapturedLog log = new CapturedLog()) {
      handshakes(server, 91, "127.0.0.2", header);
      handshakes(server, 8, "127.0.0.1");
      assertThat(log.troubles).isEmpty();

      handshakes(server, 1, "127.0.0.1");
      assertThat(log.troubles).containsExactly(WARNING);

      handshakes(server, 200, "127.0.0.2", header);
      assertThat(log.troubles).hasSize(1);
    }
  }

  @Test
  void isFoundThoughTheFirstHandshakesWereOthers() throws IOException {
    try (RunningServer server = new RunningServer();
        CapturedLog log = new CapturedLog()) {
      handshakes(server, 1, "127.0.0.1");
      handshakes(server, 199, "127.0.0.2", "X-Forwarded-For: 203.0.113.1");
      assertThat(log.troubles).containsExactly(WARNING);
    }
  }

  @Test
  void isNoneIfTheSettingNamesIt() throws IOException {
    try (RunningServer server = new RunningServer(l -> l.withProxies("127.0.0.0/8"));
        CapturedLog log = new CapturedLog()) {
      handshakes(server, 200, "127.0.0.2", "X-Forwarded-For: 203.0.113.1");
      assertThat(log.troubles).isEmpty();
    }
  }

  @Test
  void isNoneIfOneClientComesOftenOrManyClientsSendTheHeader() throws IOException {
    try (RunningServer server = new RunningServer();
        CapturedLog log = new CapturedLog()) {
      handshakes(server, 200, "127.0.0.2");
      for (int i = 0; i < 10; i++) {
        handshakes(server, 10, "127.0.0.1" + i, "X-Forwarded-For: 203.0.113.1");
      }
      assertThat(log.troubles).isEmpty();
    }
  }
}
