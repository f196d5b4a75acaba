package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.testing.EveryMetric;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BothMetricsTest {

  @Test
  void bothHearOfEveryEvent() throws Exception {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();

    EveryMetric.callAll(
        new BothMetrics(EveryMetric.receiver(first::add), EveryMetric.receiver(second::add)));

    assertThat(first).isNotEmpty().isEqualTo(EveryMetric.names());
    assertThat(second).isEqualTo(first);
  }
}
