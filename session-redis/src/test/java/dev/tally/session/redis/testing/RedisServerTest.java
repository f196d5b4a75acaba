package dev.tally.session.redis.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class RedisServerTest {

  @Test
  void portThatWasTakenMeanwhileIsLeftToItsOwner() {
    try (RedisServer first = RedisServer.start()) {
      int free = FreePort.pick();
      Queue<Integer> ports =
          new ArrayDeque<>(List.of(first.port(), FreePort.pick(), free, first.port()));

      try (RedisServer second = new RedisServer(false, List.of("save \"\""), ports::remove)) {
        assertThat(second.port()).isEqualTo(free);
        assertThat(second.cli("INFO", "server")).contains("process_id:" + second.pid());
      }
    }
  }

  @Test
  void serverThatCannotStartSaysWhy() {
    assertThatThrownBy(() -> RedisServer.start("no-such-setting yes"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no-such-setting yes");
  }
}
