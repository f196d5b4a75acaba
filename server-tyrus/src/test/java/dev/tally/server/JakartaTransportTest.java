package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.CloseCode;
import dev.tally.chat.Reply;
import dev.tally.chat.testing.Patience;
import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.Session;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class JakartaTransportTest {

  private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();

  @Test
  void aCloseDoesNotWaitForeverForASendThatNeverEnds() {
    JakartaTransport transport = new JakartaTransport(deaf());
    transport.send(Reply.push("never read"));
    transport.close(CloseCode.SUPERSEDED, "superseded");
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(4001));
  }

  @Test
  void shortRepliesThatWaitAreBoundedByWhatTheyTake() {
    JakartaTransport transport = new JakartaTransport(deaf());
    for (int i = 1; i <= 4_096; i++) {
      transport.send(Reply.count(i));
    }
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(1013));
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
