package dev.tally.server.client;

import dev.tally.chat.CloseCode;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One WebSocket of the client: puts fragments together and hands everything to the loop. */
final class Connection implements WebSocket.Listener {

  private static final long CLOSE_WAIT_MILLIS = 1000;

  private final ChatClient client;
  private final StringBuilder text = new StringBuilder();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private volatile long lastHeardNanos = System.nanoTime();
  private @Nullable WebSocket socket;

  Connection(ChatClient client) {
    this.client = client;
  }

  /** Frames are taken from now on, so that none comes before the loop knows this connection. */
  void begin(WebSocket opened) {
    socket = opened;
    opened.request(1);
  }

  CompletableFuture<WebSocket> send(String message) {
    return socket == null
        ? CompletableFuture.failedFuture(new IllegalStateException("not open"))
        : socket.sendText(message, true);
  }

  /**
   * Says goodbye, and completes once it is over: with the answer, or a moment later without one.
   */
  CompletableFuture<Void> close() {
    if (socket != null) {
      CompletableFuture<WebSocket> unused =
          socket.sendClose(CloseCode.NORMAL.code(), CloseCode.NORMAL.reason());
    }
    return closed
        .completeOnTimeout(null, CLOSE_WAIT_MILLIS, TimeUnit.MILLISECONDS)
        .thenRun(this::abort);
  }

  void abort() {
    if (socket != null) {
      socket.abort();
    }
  }

  Duration silence() {
    return Duration.ofNanos(System.nanoTime() - lastHeardNanos);
  }

  @Override
  public void onOpen(WebSocket opened) {
    // begin asks for the first frame.
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    lastHeardNanos = System.nanoTime();
    text.append(data);
    if (last) {
      String message = text.toString();
      text.setLength(0);
      client.post(() -> client.received(this, message));
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer data) {
    lastHeardNanos = System.nanoTime();
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(null);
    client.post(() -> client.ended(this, code, reason));
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    closed.complete(null);
    client.post(
        () -> client.ended(this, CloseCode.ABNORMAL.code(), String.valueOf(error.getMessage())));
  }
}
