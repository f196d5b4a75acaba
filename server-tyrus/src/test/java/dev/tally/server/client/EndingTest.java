package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class EndingTest {

  @Test
  void anAttemptThatTimedOutMayBeServed() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(attempt(silent.getLocalPort(), Duration.ofMillis(1)).mayBeServed()).isTrue();
    }
  }

  @Test
  void anAttemptThatNobodyTookWasNotServed() {
    assertThat(attempt(1, Duration.ofSeconds(60)).mayBeServed()).isFalse();
  }

  private static Ending attempt(int port, Duration timeout) {
    return HttpClient.newHttpClient()
        .newWebSocketBuilder()
        .connectTimeout(timeout)
        .buildAsync(URI.create("ws://127.0.0.1:" + port + "/"), new WebSocket.Listener() {})
        .handle((opened, failure) -> Ending.of(failure))
        .join();
  }
}
