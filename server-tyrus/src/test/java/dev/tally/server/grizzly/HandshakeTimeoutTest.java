package dev.tally.server.grizzly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.testing.MutableClock;
import dev.tally.server.ServerSettings;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.grizzly.Connection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTimeoutTest {

  private static final WebSocketSettings SETTINGS =
      ServerSettings.defaults("127.0.0.1", 0).webSocket();

  private final MutableClock clock = new MutableClock();
  private final HandshakeTimeout timeout =
      new HandshakeTimeout(
          new ConnectionRegistry(SETTINGS, ChatMetrics.NONE, clock.monotonic()), clock.monotonic());
  private final List<String> calls = new ArrayList<>();

  /** Takes note of what is called. */
  private Connection<?> connection() {
    return (Connection<?>)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "hashCode" -> System.identityHashCode(self);
                  case "equals" -> self == arguments[0];
                  default -> {
                    calls.add(method.getName());
                    yield null;
                  }
                });
  }

  @Test
  void leavesAnUpgradedConnectionAlone() {
    Connection<?> connection = connection();
    assertThat(timeout.accept(connection)).isTrue();
    assertThat(timeout.forget(connection)).isTrue();
    clock.advance(Duration.ofDays(1));
    timeout.sweep();
    assertThat(calls).isEmpty();
  }

  @Test
  void letsNoUpgradeBeginOnAConnectionThatItEnds() {
    Connection<?> connection = connection();
    assertThat(timeout.accept(connection)).isTrue();
    clock.advance(SETTINGS.handshakeTimeout().plusMillis(1));
    timeout.sweep();
    assertThat(calls).containsExactly("terminateSilently");
    assertThat(timeout.forget(connection)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void givesARequestItsTimeThoughTheClockIsSet(Duration step) {
    assertThat(timeout.accept(connection())).isTrue();
    clock.step(step);
    timeout.sweep();
    assertThat(calls).isEmpty();
    clock.advance(SETTINGS.handshakeTimeout().plusMillis(1));
    timeout.sweep();
    assertThat(calls).containsExactly("terminateSilently");
  }
}
