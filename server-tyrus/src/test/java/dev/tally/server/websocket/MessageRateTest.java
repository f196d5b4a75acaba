package dev.tally.server.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageRateTest {

  private final MutableClock clock = new MutableClock();
  private final MessageRate rate = new MessageRate(10, 2, clock.monotonic());

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void givesTokensByTheTimeThatPassedThoughTheClockIsSet(Duration step) {
    assertThat(rate.take()).isTrue();
    assertThat(rate.take()).isFalse();
    clock.step(step);
    assertThat(rate.isReady()).isFalse();
    clock.advance(Duration.ofMillis(100));
    assertThat(rate.isReady()).isTrue();
    assertThat(rate.take()).isFalse();
    assertThat(rate.isReady()).isFalse();
  }
}
