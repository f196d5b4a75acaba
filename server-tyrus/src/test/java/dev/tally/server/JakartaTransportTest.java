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
    RemoteEndpoint.Async deaf = fake(RemoteEndpoint.Async.class, (proxy, method, values) -> null);
    Session session =
        fake(
            Session.class,
            (proxy, method, values) -> {
              if (method.getName().equals("close")) {
                closed.complete((CloseReason) values[0]);
              }
              return method.getName().equals("getAsyncRemote") ? deaf : null;
            });
    JakartaTransport transport = new JakartaTransport(session);
    transport.send(Reply.push("never read"));
    transport.close(CloseCode.SUPERSEDED, "superseded");
    assertThat(closed)
        .succeedsWithin(Patience.PATIENCE)
        .satisfies(reason -> assertThat(reason.getCloseCode().getCode()).isEqualTo(4001));
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
