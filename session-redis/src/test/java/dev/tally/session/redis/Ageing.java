package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.session.redis.testing.RedisServer;
import java.time.Duration;

/** Lets time pass for the sessions in Redis, which has no clock to move: makes each one older. */
final class Ageing {

  private static final String AGE =
      """
      for _, key in ipairs(redis.call('KEYS', 'tally:session:*')) do
        local rest = redis.call('PTTL', key) - ARGV[1]
        if rest <= 0 then
          redis.call('DEL', key)
        else
          redis.call('PEXPIRE', key, rest)
          if redis.call('HEXISTS', key, 'left') == 1 then
            redis.call('HINCRBY', key, 'left', -ARGV[1])
          end
        end
      end
      return 'OK'
      """;

  private Ageing() {}

  static void elapse(RedisServer redis, Duration duration) {
    assertThat(redis.cli("EVAL", AGE, "0", "" + duration.toMillis())).isEqualTo("OK");
  }
}
