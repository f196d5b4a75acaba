package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What the clients do not have in common: patience. The rest is in {@link ClientRulesTest}. */
class ReconnectRulesTest {

  private static final Ending NOBODY_THERE = new Ending.Broken("connection refused", false);

  @Test
  void givesUpAfterItsTimeUnlessThereIsAConnectionLeft() {
    ReconnectRules impatient = rules(Duration.ZERO);

    assertThat(impatient.giveUp(NOBODY_THERE, true, true)).isEmpty();
    assertThat(impatient.giveUp(NOBODY_THERE, true, false)).isPresent();
  }

  @Test
  void waitsNoLongerThanItsPatienceUnlessThereIsAConnectionLeft() {
    ReconnectRules impatient = rules(Duration.ofMinutes(1));
    Ending inAnHour = new Ending.Refused(503, "3600");

    assertThat(impatient.pause(inAnHour, false)).isLessThanOrEqualTo(Duration.ofMinutes(1));
    assertThat(impatient.pause(inAnHour, true)).isGreaterThanOrEqualTo(Duration.ofHours(1));
  }

  @Test
  void clientsThatAreToldTheSameHintComeBackApart() {
    Random random = new Random(7);
    Ending toldAll = new Ending.Closed(1013, "retry_after_ms=1000");
    int[] inTenthOfASecond = new int[20];
    for (int client = 0; client < 5000; client++) {
      ReconnectRules rules =
          new ReconnectRules(Duration.ofHours(1), random, MonotonicClock.system());
      inTenthOfASecond[(int) Math.min(19, rules.pause(toldAll, false).toMillis() / 100)]++;
    }

    assertThat(Arrays.stream(inTenthOfASecond).max().getAsInt()).isLessThan(1000);
    assertThat(Arrays.stream(inTenthOfASecond).limit(10).sum()).as("before the hint").isZero();
  }

  private static ReconnectRules rules(Duration giveUpAfter) {
    return new ReconnectRules(giveUpAfter, RandomGenerator.getDefault(), MonotonicClock.system());
  }
}
