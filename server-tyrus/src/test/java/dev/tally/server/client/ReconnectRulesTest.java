package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReconnectRulesTest {

  private static final Ending TIMED_OUT = new Ending.Broken("timed out", true);
  private static final Ending NOBODY_THERE = new Ending.Broken("connection refused", false);
  private static final Ending SUPERSEDED = new Ending.Closed(4001, "superseded");

  /** The longest pauses that there may be. */
  private static final RandomGenerator LARGEST =
      new RandomGenerator() {
        @Override
        public long nextLong() {
          return Long.MAX_VALUE;
        }

        @Override
        public long nextLong(long bound) {
          return bound - 1;
        }
      };

  private final ReconnectRules rules = new ReconnectRules(Duration.ofHours(1), LARGEST);

  @ParameterizedTest
  @CsvSource({
    "1000, false", "1001, true", "1002, false", "1003, false", "1006, true", "1007, false",
    "1008, true", "1009, false", "1011, true", "1012, true", "1013, true", "4001, false",
    "4002, true",
  })
  void goesByTheTableOfCloseCodes(int code, boolean comesBack) {
    assertThat(rules.giveUp(new Ending.Closed(code, ""), true, false).isEmpty())
        .isEqualTo(comesBack);
  }

  @ParameterizedTest
  @CsvSource({
    "400, true, false", "403, true, false", "404, true, true", "404, false, false",
    "426, true, false", "429, false, true", "502, false, true", "503, true, true",
  })
  void goesByTheTableOfRefusals(int status, boolean beenThere, boolean comesBack) {
    assertThat(rules.giveUp(new Ending.Refused(status, ""), beenThere, false).isEmpty())
        .isEqualTo(comesBack);
  }

  static Stream<Ending> mayBeServed() {
    return Stream.of(
        TIMED_OUT,
        new Ending.Closed(1006, ""),
        new Ending.Refused(502, ""),
        new Ending.Refused(504, ""),
        new Ending.Closed(1013, "retry_after_ms=1000"));
  }

  @ParameterizedTest
  @MethodSource("mayBeServed")
  void comesBackOnceWhenSupersededAfterAnAttemptThatMayBeServed(Ending failed) {
    rules.failed(failed);

    assertThat(rules.giveUp(SUPERSEDED, true, false)).isEmpty();
    assertThat(rules.giveUp(SUPERSEDED, true, false)).hasValueSatisfying(this::namesTheCode);
  }

  @Test
  void comesBackOnceForEachAttemptThatMayBeServed() {
    rules.failed(TIMED_OUT);
    rules.failed(TIMED_OUT);

    assertThat(rules.giveUp(SUPERSEDED, true, false)).isEmpty();
    assertThat(rules.giveUp(SUPERSEDED, true, false)).isEmpty();
    assertThat(rules.giveUp(SUPERSEDED, true, false)).hasValueSatisfying(this::namesTheCode);
  }

  @Test
  void staysAwayWhenSupersededAfterAnAttemptThatNeverReachedTheServer() {
    rules.failed(NOBODY_THERE);
    rules.failed(new Ending.Refused(503, ""));
    rules.failed(SUPERSEDED);

    assertThat(rules.giveUp(SUPERSEDED, true, false)).hasValueSatisfying(this::namesTheCode);
  }

  private void namesTheCode(String reason) {
    assertThat(reason).contains("4001");
  }

  @Test
  void givesUpAfterItsTimeUnlessThereIsAConnectionLeft() {
    ReconnectRules impatient = new ReconnectRules(Duration.ZERO, LARGEST);

    assertThat(impatient.giveUp(NOBODY_THERE, true, true)).isEmpty();
    assertThat(impatient.giveUp(NOBODY_THERE, true, false)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(ints = {1008, 1011})
  void backsOffFurtherFromAServerThatThrowsItOutEachTime(int code) {
    for (long ceiling : new long[] {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
      assertThat(pauseAfterCounting(new Ending.Closed(code, ""))).isEqualTo(ceiling);
    }
  }

  @Test
  void beginsAgainWithShortPausesOnceAConnectionWorked() {
    pause(NOBODY_THERE);
    pause(NOBODY_THERE);

    assertThat(pauseAfterCounting(new Ending.Closed(1001, ""))).isEqualTo(100);
  }

  private long pauseAfterCounting(Ending ending) {
    rules.opened();
    rules.proved();
    rules.broke(ending);
    return pause(ending).toMillis();
  }

  private Duration pause(Ending ending) {
    return rules.pause(ending, false);
  }

  @Test
  void waitsNoLongerThanItsPatienceUnlessThereIsAConnectionLeft() {
    ReconnectRules impatient = new ReconnectRules(Duration.ofMinutes(1), LARGEST);
    Ending inAnHour = new Ending.Refused(503, "3600");

    assertThat(impatient.pause(inAnHour, false)).isLessThanOrEqualTo(Duration.ofMinutes(1));
    assertThat(impatient.pause(inAnHour, true)).isGreaterThan(Duration.ofHours(1));
  }

  @Test
  void waitsForItsOwnSlotAndTheJitter() {
    assertThat(pause(new Ending.Closed(1001, "retry_after_ms=730"))).hasMillis(830);
    assertThat(pause(new Ending.Refused(503, "2"))).hasMillis(2200);
    assertThat(pause(new Ending.Refused(503, "Tue, 24 Nov 2026 20:00:00 GMT")))
        .as("a date, which a proxy may send")
        .hasMillis(400);
  }
}
