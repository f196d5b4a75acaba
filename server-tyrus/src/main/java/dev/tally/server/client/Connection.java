package dev.tally.server.client;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Subprotocol;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket from the attempt to open it to its end, and the timers that tell when it is dead.
 *
 * <p>The client is told of each frame and once of the end, on its own thread; of nothing after
 * {@link #close} or {@link #abandon}. All methods but the listener's are for that thread.
 */
final class Connection implements WebSocket.Listener {

  /** What the connection tells its client, on the client's thread. */
  interface Owner {

    /** A frame came. */
    void received(Connection connection, ServerFrame frame);

    /** An answer to a ping came. */
    void ponged(Connection connection);

    /** A message was sent: the next one may be. */
    void sent();

    /** The connection ended; the last call. */
    void ended(Connection connection, Ending ending);

    /** No attempt with this server can succeed. */
    void refused(String reason);
  }

  /** A server that is busy or gone does not answer, and the program is to end all the same. */
  private static final long CLOSE_WAIT_MILLIS = 1000;

  private static final int UNAUTHORIZED = 401;

  private final Owner owner;
  private final ScheduledExecutorService loop;
  private final StringBuilder text = new StringBuilder();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private @Nullable WebSocket socket;

  /** Empty until pongs are expected. */
  private Optional<Duration> pingInterval = Optional.empty();

  private Future<?> timer = CompletableFuture.completedFuture(null);
  private boolean sending;
  private boolean over;

  Connection(Owner owner, ScheduledExecutorService loop) {
    this.owner = owner;
    this.loop = loop;
  }

  /** Begins the attempt. Call once. */
  void open(HttpClient http, URI uri, ClientSettings settings) {
    if (settings.tokens().isEmpty()) {
      open(http.newWebSocketBuilder(), uri, settings);
      return;
    }
    TokenSource tokens = settings.tokens().get();
    // On a thread of its own: a command may take as long as it likes.
    CompletableFuture<String> unused =
        CompletableFuture.supplyAsync(() -> token(tokens))
            .whenCompleteAsync(
                (token, failure) -> {
                  if (failure != null) {
                    Throwable cause = Objects.requireNonNullElse(failure.getCause(), failure);
                    end(new Ending.NoToken("no token: " + cause.getMessage()));
                  } else if (!over) {
                    open(
                        http.newWebSocketBuilder().header("Authorization", "Bearer " + token),
                        uri,
                        settings);
                  }
                },
                loop);
  }

  private static String token(TokenSource tokens) {
    try {
      return tokens.token();
    } catch (IOException | InterruptedException e) {
      throw new CompletionException(e);
    }
  }

  private void open(WebSocket.Builder builder, URI uri, ClientSettings settings) {
    CompletableFuture<WebSocket> unused =
        builder
            .connectTimeout(settings.connectTimeout())
            .subprotocols(Subprotocol.TALLY_V1.token())
            .buildAsync(uri, this)
            .whenCompleteAsync(
                (opened, failure) -> {
                  if (failure != null) {
                    end(ending(failure, settings));
                  } else {
                    opened(opened, settings.welcomeTimeout());
                  }
                },
                loop);
  }

  private static Ending ending(Throwable failure, ClientSettings settings) {
    Ending ending = Ending.of(failure);
    return settings.tokens().isPresent()
            && ending instanceof Ending.Refused refused
            && refused.status() == UNAUTHORIZED
        ? new Ending.NoToken("the server refused the token")
        : ending;
  }

  private void opened(WebSocket opened, Duration welcomeTimeout) {
    socket = opened;
    if (over) {
      opened.abort();
    } else if (!opened.getSubprotocol().equals(Subprotocol.TALLY_V1.token())) {
      // With plain frames alone it would count some messages twice after a break.
      owner.refused("the server does not speak " + Subprotocol.TALLY_V1.token());
    } else {
      timer = after(welcomeTimeout, () -> lose("no welcome"));
      opened.request(1);
    }
  }

  /**
   * Sends a ping when the server is silent for a while. If no pong comes, the connection has ended.
   * A half-open connection shows its end in no other way, and java.net.http (17 to 25) may miss one
   * that comes right behind a message: it reads it before the next frame is asked for, and throws
   * an InternalError that no callback reports.
   *
   * <p>No clock is compared with another: a process that stood still for a while asks before it
   * judges.
   */
  void expectPongs(Duration interval) {
    pingInterval = Optional.of(interval);
    watch(interval);
  }

  /** Begins to wait, for a ping and then for the end: whatever comes begins again. */
  private void watch(Duration interval) {
    timer.cancel(false);
    timer =
        after(
            interval,
            () -> {
              ping();
              timer = after(interval, () -> lose("no pong"));
            });
  }

  private void ping() {
    if (socket != null) {
      CompletableFuture<WebSocket> unused =
          socket
              .sendPing(ByteBuffer.allocate(0))
              .whenCompleteAsync(
                  (same, failure) -> {
                    if (failure instanceof IOException) {
                      lose("broken");
                    }
                  },
                  loop);
    }
  }

  private Future<?> after(Duration delay, Runnable task) {
    return loop.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether a message may be sent: java.net.http takes one at a time. */
  boolean isReady() {
    return socket != null && !sending && !over;
  }

  /** Sends a message, and tells the client when it may send the next one. */
  void send(String message) {
    if (socket == null) {
      throw new IllegalStateException("not open");
    }
    sending = true;
    CompletableFuture<WebSocket> unused =
        socket
            .sendText(message, true)
            .whenCompleteAsync(
                (same, failure) -> {
                  sending = false;
                  if (failure != null) {
                    lose("broken");
                  } else if (!over) {
                    owner.sent();
                  }
                },
                loop);
  }

  /** Says goodbye; the result is complete once it is over, with the answer or without. */
  CompletableFuture<Void> close() {
    over = true;
    timer.cancel(false);
    if (socket != null) {
      CompletableFuture<WebSocket> unused =
          socket.sendClose(CloseCode.NORMAL.code(), CloseCode.NORMAL.reason());
    }
    return closed
        .completeOnTimeout(null, CLOSE_WAIT_MILLIS, TimeUnit.MILLISECONDS)
        .thenRun(this::abort);
  }

  /** Ends it without a word. */
  void abandon() {
    over = true;
    timer.cancel(false);
    abort();
  }

  private void abort() {
    if (socket != null) {
      socket.abort();
    }
  }

  private void lose(String reason) {
    if (!over) {
      abort();
    }
    end(new Ending.Broken(reason, true));
  }

  private void end(Ending ending) {
    timer.cancel(false);
    if (!over) {
      over = true;
      owner.ended(this, ending);
    }
  }

  @Override
  public void onOpen(WebSocket opened) {
    // Frames are asked for once the client's thread knows of it.
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    text.append(data);
    if (!last) {
      return heard(from, () -> {});
    }
    String message = text.toString();
    text.setLength(0);
    return heard(from, () -> owner.received(this, ServerFrame.parse(message)));
  }

  @Override
  public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer data) {
    return heard(from, () -> {});
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer data) {
    return heard(from, () -> owner.ponged(this));
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(null);
    post(() -> end(new Ending.Closed(code, reason)));
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    closed.complete(null);
    post(() -> end(new Ending.Broken(String.valueOf(error.getMessage()), true)));
  }

  /** Something came: asks for the next frame soon, with nothing slow before (see expectPongs). */
  private @Nullable CompletionStage<?> heard(WebSocket from, Runnable event) {
    post(
        () -> {
          if (!over) {
            pingInterval.ifPresent(this::watch);
            event.run();
          }
        });
    from.request(1);
    return null;
  }

  private void post(Runnable event) {
    try {
      loop.execute(event);
    } catch (RejectedExecutionException e) {
      // The client was closed meanwhile.
    }
  }
}
