package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.testing.CapturingTransport;
import dev.tally.chat.testing.MutableClock;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeartbeatRoundTest {

  private final MutableClock clock = new MutableClock();
  private final ChatHub hub =
      new ChatHub(
          new InMemorySessionStore(Duration.ofHours(1), 10_000, clock.monotonic()),
          ChatMetrics.NONE,
          ChatSettings.defaults(),
          clock);

  @AfterEach
  void close() {
    hub.close();
  }

  @Test
  void reachesEverybodyOnceWithinHalfTheInterval() {
    List<CapturingTransport> transports =
        Stream.generate(CapturingTransport::new).limit(5000).toList();
    HeartbeatRound round = new HeartbeatRound(sessions(transports), Duration.ofSeconds(1));
    assertThat(round.step(clock.instant())).isTrue();
    assertThat(round.sent()).isLessThanOrEqualTo(101);
    IntStream.range(1, 50).forEach(step -> round.step(clock.instant()));
    assertThat(round.sent()).isEqualTo(5000);
    assertThat(transports).allSatisfy(transport -> assertThat(transport.frames()).hasSize(1));
  }

  @Test
  void reachesAFewAtOnce() {
    List<CapturingTransport> transports =
        Stream.generate(CapturingTransport::new).limit(10).toList();
    HeartbeatRound round = new HeartbeatRound(sessions(transports), Duration.ofSeconds(30));
    assertThat(round.step(clock.instant())).isFalse();
    assertThat(round.sent()).isEqualTo(10);
  }

  private List<ChatSession> sessions(List<CapturingTransport> transports) {
    return transports.stream()
        .map(transport -> hub.connect(transport, SessionId.random(), Subprotocol.PLAIN))
        .toList();
  }
}
