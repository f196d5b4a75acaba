package dev.tally.server.grizzly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.testing.MutableClock;
import dev.tally.server.handshake.ConnectionLimits;
import dev.tally.server.websocket.BufferBudget;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.transport.TCPNIOConnection;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;
import org.glassfish.grizzly.nio.transport.TCPNIOTransportBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpSocketsTest {

  private static final int SPARE = 3;

  private final MutableClock clock = new MutableClock();
  private final TCPNIOTransport transport = TCPNIOTransportBuilder.newInstance().build();
  private final List<SocketChannel> channels = new ArrayList<>();
  private final List<String> ended = new ArrayList<>();
  private final List<String> results = new ArrayList<>();
  private HttpSockets sockets = sockets(1, 0);

  @AfterEach
  void closeChannels() throws IOException {
    for (SocketChannel channel : channels) {
      channel.close();
    }
  }

  private HttpSockets sockets(int maxConnections, int maxPerAddress) {
    WebSocketSettings settings =
        WebSocketSettings.builder()
            .maxConnections(maxConnections)
            .spareConnections(SPARE)
            .maxConnectionsPerAddress(maxPerAddress)
            .trustedProxies(List.of("10.0.0.0/8"))
            .build();
    ChatMetrics metrics =
        new ChatMetrics() {
          @Override
          public void handshake(String result) {
            results.add(result);
          }
        };
    return new HttpSockets(
        settings,
        new ConnectionLimits(maxConnections, maxPerAddress),
        new BufferBudget(settings.maxBufferedBytes()),
        metrics,
        clock.monotonic());
  }

  private NIOConnection connection(String name) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    return new TCPNIOConnection(transport, channel) {
      @Override
      public void terminateSilently() {
        ended.add(name);
      }
    };
  }

  private NIOConnection accept(String name, String peer) throws IOException {
    NIOConnection connection = connection(name);
    sockets.accept(connection, peer);
    return connection;
  }

  private void request(NIOConnection connection) {
    sockets.requestCame(Objects.requireNonNull(sockets.get(connection)));
  }

  @Test
  void leavesAnUpgradedConnectionAlone() throws IOException {
    assertThat(sockets.forget(accept("a", "192.0.2.1"))).isTrue();
    clock.advance(Duration.ofDays(1));
    sockets.sweep();
    assertThat(ended).isEmpty();
  }

  @Test
  void letsNoUpgradeBeginOnAConnectionThatItEnds() throws IOException {
    NIOConnection connection = accept("a", "192.0.2.1");
    clock.advance(Duration.ofSeconds(10).plusMillis(1));
    sockets.sweep();
    assertThat(ended).containsExactly("a");
    assertThat(results).containsExactly("timeout");
    assertThat(sockets.get(connection)).isNull();
    assertThat(sockets.forget(connection)).isFalse();
  }

  @Test
  void waitsLongerForTheNextRequestThanForTheRestOfOne() throws IOException {
    NIOConnection idle = accept("idle", "192.0.2.1");
    NIOConnection slow = accept("slow", "192.0.2.2");
    request(idle);
    request(slow);
    clock.advance(Duration.ofSeconds(75));
    sockets.sweep();
    assertThat(ended).isEmpty();
    sockets.requestBegan(Objects.requireNonNull(sockets.get(slow)));
    clock.advance(Duration.ofMillis(1));
    sockets.sweep();
    assertThat(ended).containsExactly("idle");
    assertThat(results).isEmpty();
    clock.advance(Duration.ofSeconds(10));
    sockets.sweep();
    assertThat(ended).containsExactly("idle", "slow");
    assertThat(results).containsExactly("timeout");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void givesARequestItsTimeThoughTheClockIsSet(Duration step) throws IOException {
    accept("a", "192.0.2.1");
    clock.step(step);
    sockets.sweep();
    assertThat(ended).isEmpty();
    clock.advance(Duration.ofSeconds(10).plusMillis(1));
    sockets.sweep();
    assertThat(ended).containsExactly("a");
  }

  @Test
  void endsTheOldestOfTheAddressThatHasTheMost() throws IOException {
    accept("other", "192.0.2.2");
    NIOConnection first = accept("first", "192.0.2.1");
    accept("second", "192.0.2.1");
    accept("third", "192.0.2.1");
    assertThat(ended).isEmpty();
    request(first);
    accept("newcomer", "192.0.2.3");
    assertThat(ended).containsExactly("second");
    assertThat(results).containsExactly("evicted");
    accept("one more", "192.0.2.4");
    assertThat(ended).containsExactly("second", "third");
  }

  @Test
  void endsTheOldestOfAllWhereEachAddressHasOne() throws IOException {
    NIOConnection first = accept("1", "192.0.2.1");
    for (int i = 2; i <= 4; i++) {
      accept("" + i, "192.0.2." + i);
    }
    request(first);
    accept("5", "192.0.2.5");
    accept("6", "192.0.2.6");
    assertThat(ended).containsExactly("2", "3");
  }

  @Test
  void takesAnIpv6NetworkForOneAddress() throws IOException {
    accept("other", "2001:db8:0:1::1");
    for (int i = 1; i <= 3; i++) {
      accept("" + i, "2001:db8::" + i);
    }
    accept("newcomer", "192.0.2.1");
    assertThat(ended).containsExactly("1");
  }

  @Test
  void boundsTheSocketsOfOneAddressThoughThereIsRoom() throws IOException {
    sockets = sockets(100, 2);
    for (int i = 1; i <= 3; i++) {
      accept("client " + i, "192.0.2.1");
      accept("proxy " + i, "10.0.0.1");
    }
    assertThat(ended).containsExactly("client 1");
    accept("other", "192.0.2.2");
    assertThat(ended).hasSize(1);
  }
}
