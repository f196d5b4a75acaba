package dev.tally.session.redis.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FreePortTest {

  @Test
  void portsAreNotThoseOfOutgoingConnections() {
    assertThat(FreePort.pick()).isBetween(20_000, 31_999);
  }

  @Test
  void noPortIsGivenTwice() {
    List<Integer> ports =
        IntStream.range(0, 500).parallel().mapToObj(i -> FreePort.pick()).toList();

    assertThat(ports).doesNotHaveDuplicates();
  }
}
