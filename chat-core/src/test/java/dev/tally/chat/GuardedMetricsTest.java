package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.testing.EveryMetric;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuardedMetricsTest {

  @Test
  void everyEventIsPassedOnAndNothingThrownComesBack() throws Exception {
    List<String> heard = new ArrayList<>();

    EveryMetric.callAll(
        new GuardedMetrics(
            EveryMetric.receiver(
                name -> {
                  heard.add(name);
                  throw new IllegalStateException("broken by the test");
                })));

    assertThat(heard).isNotEmpty().isEqualTo(EveryMetric.names());
  }
}
