package dev.tally.server.client;

import dev.tally.chat.CloseCode;
import dev.tally.chat.CloseCode.Reconnect;
import dev.tally.chat.Subprotocol;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A client that does not lose count: it keeps what it sent until it is counted, comes back after a
 * break, resumes its session and sends again what was not counted.
 *
 * <p>{@link #send}, {@link #finish} and {@link #close} may be called from any thread. Everything
 * else happens on one thread, so nothing below needs a lock.
 */
final class ChatClient implements AutoCloseable {

  private static final int MISSED_HEARTBEATS = 2;

  /**
   * How long an attempt that was given up on may still reach the server, where it takes the session
   * away from the connection that came after it.
   */
  private static final Duration STRAY = Duration.ofSeconds(30);

  private final ClientSettings settings;
  private final Observer observer;
  private final Semaphore room;
  private final HttpClient http;
  private final ScheduledExecutorService loop;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
  private final Ledger ledger = new Ledger();
  private final Backoff backoff =
      new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5), RandomGenerator.getDefault());

  private Optional<String> sessionId;

  /** The connection that messages go to. */
  private @Nullable Connection current;

  /** The connection that takes over once it has its welcome. */
  private @Nullable Connection next;

  private Future<?> attempt = CompletableFuture.completedFuture(null);
  private boolean connecting;

  /** When the last attempt was given up on; empty if none was since the last return from 4001. */
  private OptionalLong strayedNanos = OptionalLong.empty();

  private boolean finishing;
  private boolean sending;
  private long reconnects;
  private long brokenSinceNanos = System.nanoTime();
  private long slowestGapMillis;

  /** Told of what happens, on the client's thread; must not block for long. */
  interface Observer {
    /** One more message is counted; numbers come in order. */
    void counted(long number);

    /** The session is open, or open again. */
    void connected(String sessionId, long count, boolean resumed);

    /** The server is alive. */
    void heartbeat(String timestamp);

    /** Something that a person may want to know. */
    void note(String text);

    /**
     * The session goes on over another connection.
     *
     * @param gapMillis time without one; 0 if the new one was there before the old one went
     */
    default void moved(long gapMillis) {}
  }

  /**
   * How it ended.
   *
   * @param failure why the client gave up; empty if every message was counted
   */
  record Outcome(
      long sent,
      long counted,
      long lost,
      long duplicated,
      long reconnects,
      long slowestGapMillis,
      Optional<String> sessionId,
      Optional<String> failure) {

    boolean isClean() {
      return failure.isEmpty() && sent == counted && lost == 0 && duplicated == 0;
    }
  }

  /**
   * Makes a client that does nothing yet.
   *
   * @param settings where to, and how patiently
   * @param observer told of what happens
   */
  ChatClient(ClientSettings settings, Observer observer) {
    this(settings, observer, HttpClient.newHttpClient(), loop());
  }

  /**
   * Makes one of many clients, which share their threads.
   *
   * @param http connects
   * @param loop the one thread of all clients; {@link #close} ends it
   */
  ChatClient(
      ClientSettings settings, Observer observer, HttpClient http, ScheduledExecutorService loop) {
    this.settings = settings;
    this.observer = observer;
    this.http = http;
    this.loop = loop;
    this.sessionId = settings.sessionId();
    this.room = new Semaphore(settings.maxUnacknowledged());
  }

  static ScheduledExecutorService loop() {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, "tally-client");
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Connects, and stays connected. Call once. */
  void start() {
    loop.execute(this::connect);
  }

  /** Hands a message over; blocks while too many wait. False once the client has given up. */
  boolean send(String message) throws InterruptedException {
    while (!room.tryAcquire(100, TimeUnit.MILLISECONDS)) {
      if (outcome.isDone()) {
        return false;
      }
    }
    if (outcome.isDone()) {
      return false;
    }
    loop.execute(
        () -> {
          ledger.add(message);
          pump();
        });
    return true;
  }

  /** No more messages: ends once everything is counted. */
  void finish() {
    loop.execute(
        () -> {
          finishing = true;
          endIfSettled();
        });
  }

  /** Completes when the client ends or gives up. */
  CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  @Override
  public void close() {
    loop.shutdownNow();
  }

  private void connect() {
    if (outcome.isDone() || connecting || next != null) {
      return;
    }
    connecting = true;
    Connection connection = new Connection(this);
    CompletableFuture<WebSocket> unused =
        http.newWebSocketBuilder()
            .connectTimeout(settings.connectTimeout())
            .subprotocols(Subprotocol.TALLY_V1.token())
            .buildAsync(sessionUri(), connection)
            .whenCompleteAsync(
                (socket, failure) -> handshakeDone(connection, socket, failure), loop);
  }

  private URI sessionUri() {
    return sessionId
        .map(id -> URI.create(settings.uri() + "?session_id=" + id))
        .orElse(settings.uri());
  }

  private void handshakeDone(
      Connection connection, @Nullable WebSocket socket, @Nullable Throwable failure) {
    connecting = false;
    if (socket == null) {
      refused(failure instanceof CompletionException ? failure.getCause() : failure);
    } else if (!socket.getSubprotocol().equals(Subprotocol.TALLY_V1.token())) {
      socket.abort();
      giveUp("the server at " + settings.uri() + " does not speak " + Subprotocol.TALLY_V1.token());
    } else {
      next = connection;
      connection.begin(socket);
      ScheduledFuture<?> unused =
          loop.schedule(
              () -> {
                if (next == connection) {
                  connection.abort();
                  strayedNanos = OptionalLong.of(System.nanoTime());
                  ended(connection, CloseCode.ABNORMAL.code(), "no welcome");
                }
              },
              settings.welcomeTimeout().toMillis(),
              TimeUnit.MILLISECONDS);
    }
  }

  private void refused(@Nullable Throwable failure) {
    if (failure instanceof WebSocketHandshakeException handshake) {
      int status = handshake.getResponse().statusCode();
      // A proxy that has just started knows no routes for a moment.
      boolean wasHere = status == 404 && ledger.isKnown();
      if (status != 429 && status < 500 && !wasHere) {
        giveUp("the server refused the connection with HTTP status " + status);
        return;
      }
      OptionalLong seconds = handshake.getResponse().headers().firstValueAsLong("Retry-After");
      retry(
          "HTTP status " + status,
          seconds.isPresent() ? OptionalLong.of(seconds.getAsLong() * 1000) : OptionalLong.empty());
      return;
    }
    if (!(failure instanceof ConnectException)) {
      strayedNanos = OptionalLong.of(System.nanoTime());
    }
    retry(String.valueOf(failure), OptionalLong.empty());
  }

  private void retry(String reason, OptionalLong hintMillis) {
    long brokenMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - brokenSinceNanos);
    if (current == null && brokenMillis >= settings.giveUpAfter().toMillis()) {
      giveUp("no connection for " + settings.giveUpAfter().toSeconds() + " s: " + reason);
      return;
    }
    // The hint is this client's own slot; jitter on top keeps those apart that got none.
    long delayMillis = hintMillis.orElse(0) + backoff.next().toMillis();
    if (current == null) {
      observer.note("disconnected (" + reason + "), next try in " + delayMillis + " ms");
    }
    connectAfter(delayMillis);
  }

  /** One attempt is planned at a time: a newer plan replaces the older one. */
  private void connectAfter(long delayMillis) {
    attempt.cancel(false);
    attempt = loop.schedule(this::connect, delayMillis, TimeUnit.MILLISECONDS);
  }

  /** A frame came in. */
  void received(Connection connection, String text) {
    if (connection != current && connection != next) {
      return;
    }
    ServerFrame frame = ServerFrame.parse(text);
    if (frame instanceof ServerFrame.Welcome welcome) {
      welcomed(connection, welcome);
    } else if (connection != current) {
      return;
    } else if (frame instanceof ServerFrame.Count count) {
      if (!ledger.reply(count.number())) {
        observer.note("unexpected count " + count.number());
      }
      acknowledged(List.of(count.number()));
    } else if (frame instanceof ServerFrame.Heartbeat heartbeat) {
      observer.heartbeat(heartbeat.timestamp());
    } else if (frame instanceof ServerFrame.Trouble trouble) {
      observer.note("server says " + trouble.code() + ": " + trouble.detail());
    } else if (frame instanceof ServerFrame.Bye bye) {
      observer.note("server drains at count " + bye.total() + ", moving");
      connectAfter(bye.retryAfterMillis().orElse(0));
    }
  }

  private void welcomed(Connection connection, ServerFrame.Welcome welcome) {
    if (connection != next) {
      return;
    }
    next = null;
    Connection previous = current;
    current = connection;
    sending = false;
    if (previous != null) {
      CompletableFuture<Void> unused = previous.close();
      observer.moved(0);
    } else if (sessionId.isPresent() && ledger.added() > 0) {
      long gap = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - brokenSinceNanos);
      slowestGapMillis = Math.max(slowestGapMillis, gap);
      observer.moved(gap);
    }
    attempt.cancel(false);
    backoff.reset();
    sessionId = Optional.of(welcome.sessionId());
    long lostBefore = ledger.lost();
    List<Long> numbers = ledger.welcome(welcome.count());
    if (ledger.lost() > lostBefore) {
      observer.note("the server lost " + (ledger.lost() - lostBefore) + " counted messages");
    }
    observer.connected(welcome.sessionId(), welcome.count(), welcome.resumed());
    acknowledged(numbers);
    watch(connection, Duration.ofSeconds(Math.max(1, welcome.heartbeatSeconds())));
    pump();
  }

  private void acknowledged(List<Long> numbers) {
    numbers.forEach(observer::counted);
    room.release(numbers.size());
    endIfSettled();
  }

  /** A half-open connection says nothing: two heartbeats missed are its end. */
  private void watch(Connection connection, Duration heartbeat) {
    ScheduledFuture<?> unused =
        loop.schedule(
            () -> {
              if (connection != current) {
                return;
              }
              if (connection.silence().compareTo(heartbeat.multipliedBy(MISSED_HEARTBEATS)) > 0) {
                connection.abort();
                ended(connection, CloseCode.ABNORMAL.code(), "heartbeats missed");
              } else {
                watch(connection, heartbeat);
              }
            },
            heartbeat.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** The connection is over, for whatever reason. */
  void ended(Connection connection, int code, String reason) {
    if (connection != current && connection != next) {
      return;
    }
    if (connection == current) {
      brokenSinceNanos = System.nanoTime();
      reconnects++;
      backoff.reset();
      current = null;
      sending = false;
      if (next != null || connecting) {
        return;
      }
    } else {
      next = null;
    }
    if (code == CloseCode.SUPERSEDED.code() && strayed()) {
      // By an attempt of its own, which was served late.
      strayedNanos = OptionalLong.empty();
      retry("superseded", OptionalLong.empty());
      return;
    }
    Optional<CloseCode> known = CloseCode.of(code);
    if (known.map(CloseCode::reconnect).orElse(Reconnect.WITH_BACKOFF) == Reconnect.NO) {
      giveUp("the server closed with " + code + (reason.isEmpty() ? "" : " " + reason));
      return;
    }
    retry((code + " " + reason).strip(), ServerFrame.retryAfterMillis(reason));
  }

  private boolean strayed() {
    return strayedNanos.isPresent()
        && System.nanoTime() - strayedNanos.getAsLong() < STRAY.toNanos();
  }

  /** java.net.http allows one send at a time, so each one's end starts the next. */
  private void pump() {
    Connection connection = current;
    if (connection == null || sending || !ledger.hasNext()) {
      return;
    }
    sending = true;
    CompletableFuture<WebSocket> unused =
        connection
            .send(ledger.next())
            .whenCompleteAsync(
                (socket, failure) -> {
                  if (connection != current) {
                    return;
                  }
                  sending = false;
                  if (failure == null) {
                    pump();
                  } else {
                    connection.abort();
                    ended(connection, CloseCode.ABNORMAL.code(), "broken");
                  }
                },
                loop);
  }

  private void endIfSettled() {
    if (finishing && ledger.isSettled() && !outcome.isDone()) {
      finishing = false;
      Connection last = current;
      // What comes of it from now on is no break.
      current = null;
      CompletableFuture<Void> goodbye =
          last == null ? CompletableFuture.completedFuture(null) : last.close();
      CompletableFuture<Void> unused =
          goodbye.thenRunAsync(() -> outcome.complete(outcome(Optional.empty())), loop);
    }
  }

  private void giveUp(String reason) {
    if (!outcome.isDone()) {
      outcome.complete(outcome(Optional.of(reason)));
    }
  }

  private Outcome outcome(Optional<String> failure) {
    return new Outcome(
        ledger.added(),
        ledger.counted(),
        ledger.lost(),
        ledger.duplicated(),
        reconnects,
        slowestGapMillis,
        sessionId,
        failure);
  }

  /** Runs an event on the client's thread; nothing once the client is closed. */
  void post(Runnable event) {
    try {
      loop.execute(event);
    } catch (RejectedExecutionException e) {
      // The client was closed meanwhile: nobody is left to be told.
    }
  }
}
