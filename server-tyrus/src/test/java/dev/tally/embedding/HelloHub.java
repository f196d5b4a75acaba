package dev.tally.embedding;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSession;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A hub from its start to its drain. The one client has no network: what it gets is printed. */
final class HelloHub {

  private HelloHub() {}

  public static void main(String[] args) {
    run(System.out::println);
  }

  static void run(Consumer<String> out) {
    ChatSettings settings = ChatSettings.defaults();
    InstantSource clock = InstantSource.system();
    SessionStore store =
        new InMemorySessionStore(settings.sessionTtl(), 1_000_000, MonotonicClock.system());
    try (ChatHub hub = new ChatHub(store, ChatMetrics.NONE, settings, clock)) {
      hub.start();
      Printed client = new Printed(out, new CompletableFuture<>());
      ChatSession session = hub.connect(client, SessionId.random(), Subprotocol.PLAIN);
      // On another thread: a transport must not call back into its session while it is called.
      CompletableFuture<Void> ended = client.ended().thenAcceptAsync(session::onClose);
      session.onText("hello"); // {"count": 1}
      hub.drain(); // {"bye": true, "total": 1}, then close 1001
      ended.join();
    }
  }

  private record Printed(Consumer<String> out, CompletableFuture<Integer> ended)
      implements Transport {

    @Override
    public void send(Reply reply) {
      out.accept(reply.text());
    }

    @Override
    public void close(CloseCode code, String reason) {
      out.accept("close " + code.code());
      ended.complete(code.code());
    }
  }
}
