package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.session.redis.RedisSettings.Address;
import dev.tally.session.redis.RedisSettings.Credentials;
import dev.tally.session.redis.RedisSettings.Single;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RedisSettingsTest {

  private static final Duration TTL = Duration.ofHours(1);
  private static final Duration UNUSED_TTL = Duration.ofSeconds(30);

  @Test
  void valuesOutOfRangeAreRefused() {
    Duration second = Duration.ofSeconds(1);

    assertThatThrownBy(() -> settings(Duration.ZERO, second, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("connectTimeout must be from 1 ms to 60 s, not PT0S");
    assertThatThrownBy(() -> settings(second, Duration.ZERO, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("readTimeout must be from 1 ms to 60 s, not PT0S");
    assertThatThrownBy(() -> settings(second, Duration.ofSeconds(61), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("readTimeout must be from 1 ms to 60 s, not PT1M1S");
    assertThatThrownBy(() -> settings(second, second, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("poolSize must be from 1 to 1000, not 0");
  }

  @Test
  void sessionsMustBeKeptForAWhile() {
    assertThatThrownBy(() -> RedisUrl.parse("redis://a", Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 ms or more, not PT0S");
  }

  private static RedisSettings settings(Duration connect, Duration read, int poolSize) {
    return new RedisSettings(
        new Single(new Address("a", 6379), 0),
        Credentials.NONE,
        false,
        Optional.empty(),
        TTL,
        UNUSED_TTL,
        connect,
        read,
        poolSize);
  }
}
