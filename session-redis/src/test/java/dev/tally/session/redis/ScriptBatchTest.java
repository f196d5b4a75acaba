package dev.tally.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.session.redis.ScriptBatch.Bytes;
import dev.tally.session.redis.ScriptBatch.Call;
import dev.tally.session.redis.testing.RedisServer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;

class ScriptBatchTest {

  private final ScriptBatch batch =
      new ScriptBatch(
          Script.OPEN,
          List.of(new Bytes(Ascii.of("60000")), new Bytes(Ascii.of("60000"))),
          List.of(new Call(new Bytes(Ascii.of("tally:health:0")))));
  private final List<int[]> chunks = List.of(new int[] {0});
  private RedisServer redis;

  @BeforeEach
  void start() {
    redis = RedisServer.start();
  }

  @AfterEach
  void stop() {
    redis.close();
  }

  @Test
  void connectionOfACompleteExchangeIsKept() {
    try (Connection connection = changing(UnaryOperator.identity())) {
      batch.runOn(connection, chunks);
      batch.runRedirected(connection, new int[] {0}, false);

      assertThat(connection.isBroken()).isFalse();
    }
  }

  @Test
  void connectionIsBrokenWhateverIsThrownWhileItIsRead() {
    expectBroken(
        replies -> {
          throw new StackOverflowError();
        },
        StackOverflowError.class);
  }

  @Test
  void connectionIsBrokenIfAnAnswerIsMissing() {
    expectBroken(replies -> replies.subList(1, replies.size()), RuntimeException.class);
  }

  @Test
  void connectionIsBrokenIfThereIsAnAnswerTooMany() {
    expectBroken(replies -> List.of(replies.get(0), 1L), RuntimeException.class);
  }

  @Test
  void connectionIsBrokenIfAnAnswerIsToSomethingElse() {
    expectBroken(replies -> List.of("PONG"), RuntimeException.class);
    expectBroken(replies -> List.of(List.of(1L)), RuntimeException.class);
    expectBroken(replies -> List.of(List.of(1L, 0L, 1L, "0")), RuntimeException.class);
  }

  private void expectBroken(UnaryOperator<List<Object>> change, Class<? extends Throwable> thrown) {
    try (Connection connection = changing(change)) {
      assertThatThrownBy(() -> batch.runOn(connection, chunks)).isInstanceOf(thrown);
      assertThat(connection.isBroken()).isTrue();
    }
    try (Connection connection = changing(change)) {
      assertThatThrownBy(() -> batch.runRedirected(connection, new int[] {0}, true))
          .isInstanceOf(thrown);
      assertThat(connection.isBroken()).isTrue();
    }
  }

  private Connection changing(UnaryOperator<List<Object>> change) {
    return new Connection(HostAndPort.from(redis.address())) {
      @Override
      public List<Object> getMany(int count) {
        return change.apply(super.getMany(count));
      }
    };
  }
}
