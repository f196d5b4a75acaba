package dev.tally.server.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.testing.Patience;
import dev.tally.server.websocket.BufferBudget;
import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.Session;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class JakartaTransportTest {

  private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();

  @Test
  void aCloseDoesNotWaitForeverForASendThatNeverEnds() {
    JakartaTransport transport = new JakartaTransport(deaf(), new BufferBudget(1 << 20));
    transport.send(Reply.push("never read"));
    transport.close(CloseCode.SUPERSEDED, "superseded");
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(4001));
  }

  @Test
  void shortRepliesThatWaitAreBoundedByWhatTheyTake() {
    JakartaTransport transport = new JakartaTransport(deaf(), new BufferBudget(1 << 20));
    for (int i = 1; i <= 4_096; i++) {
      transport.send(Reply.count(i));
    }
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(1013));
  }

  @Test
  void repliesThatWaitInAllConnectionsAreBoundedTogether() {
    BufferBudget budget = new BufferBudget(10_000);
    JakartaTransport first = new JakartaTransport(deaf(), budget);
    JakartaTransport second = new JakartaTransport(deaf(), budget);
    for (int i = 1; i <= 100; i++) {
      first.send(Reply.count(i));
    }
    assertThat(closed).isNotDone();
    for (int i = 1; i <= 100; i++) {
      second.send(Reply.count(i));
    }
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(1013));
    second.closed(1013, OptionalLong.of(0), Duration.ZERO);
    first.closed(1006, OptionalLong.of(0), Duration.ZERO);
    assertThat(budget.used()).isZero();
  }

  /** A client whose first send never ends. */
  private Session deaf() {
    RemoteEndpoint.Async deaf = fake(RemoteEndpoint.Async.class, (proxy, method, values) -> null);
    return fake(
        Session.class,
        (proxy, method, values) -> {
          if (method.getName().equals("close")) {
            closed.complete((CloseReason) values[0]);
          }
          return method.getName().equals("getAsyncRemote") ? deaf : null;
        });
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
