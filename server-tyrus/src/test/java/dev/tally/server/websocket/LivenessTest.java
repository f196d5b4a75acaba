package dev.tally.server.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.websocket.Liveness.Verdict;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a silent client is pinged and given up; the sweep's rounds are its only clock. */
class LivenessTest {

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  /** Milliseconds of silence in which every look but the last one says that the client lives. */
  private static long until(Verdict awaited, Liveness liveness, long lastReceived) {
    Verdict verdict = Verdict.ALIVE;
    while (verdict == Verdict.ALIVE) {
      liveness.beginRound(liveness.roundMillis());
      verdict = liveness.check(lastReceived);
    }
    assertThat(verdict).isEqualTo(awaited);
    return liveness.now() - lastReceived;
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 400, 1000, 30_000, 3_600_000})
  void pingsOnceWithinAHeartbeatAndGivesUpWithinTwo(long heartbeat) {
    Liveness liveness = new Liveness(Duration.ofMillis(heartbeat), CLOSE_TIMEOUT);

    assertThat(until(Verdict.PING, liveness, 0)).isBetween(heartbeat / 2, heartbeat);
    assertThat(until(Verdict.DEAD, liveness, 0)).isBetween(heartbeat * 3 / 2, heartbeat * 2);
  }

  @Test
  void pingsAgainInEachSilence() {
    Liveness liveness = new Liveness(Duration.ofSeconds(30), CLOSE_TIMEOUT);
    for (int i = 0; i < 5; i++) {
      until(Verdict.PING, liveness, liveness.now());
    }
  }

  @Test
  void givesNobodyUpUnpingedHoweverShortTheHeartbeat() {
    Liveness liveness = new Liveness(Duration.ofMillis(1), CLOSE_TIMEOUT);

    until(Verdict.PING, liveness, 0);
    until(Verdict.DEAD, liveness, 0);
  }

  @Test
  void aPauseOfTheProcessCostsNobodyTheConnection() {
    Liveness liveness = new Liveness(Duration.ofSeconds(2), CLOSE_TIMEOUT);
    for (int i = 0; i < 3; i++) {
      long lastReceived = liveness.now();
      liveness.beginRound(Duration.ofHours(1).toMillis());
      assertThat(liveness.check(lastReceived)).isEqualTo(Verdict.ALIVE);
      assertThat(liveness.isCloseOverdue(lastReceived)).isFalse();
    }
  }

  @Test
  void leavesAClosingClientItsWholeTime() {
    Liveness liveness = new Liveness(Duration.ofSeconds(30), CLOSE_TIMEOUT);
    liveness.beginRound(liveness.roundMillis());
    long closed = liveness.now();
    // The round may have been nearly over when our close frame went out.
    long leastMillis = -liveness.roundMillis();
    while (!liveness.isCloseOverdue(closed)) {
      liveness.beginRound(liveness.roundMillis());
      leastMillis += liveness.roundMillis();
    }
    assertThat(leastMillis).isBetween(CLOSE_TIMEOUT.toMillis(), CLOSE_TIMEOUT.toMillis() * 3 / 2);
  }

  @Test
  void countsTheLongestHeartbeat() {
    Liveness liveness = new Liveness(Duration.ofDays(36_500), CLOSE_TIMEOUT);

    liveness.beginRound(liveness.roundMillis());
    assertThat(liveness.check(0)).isEqualTo(Verdict.ALIVE);
  }
}
