package dev.tally.server.client;

import dev.tally.chat.spi.MonotonicClock;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
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
final class ChatClient implements AutoCloseable, Connection.Owner {

  private static final long MAX_LEAD_MILLIS = 60_000;
  private static final long MAX_LIFE_SECONDS = TimeUnit.DAYS.toSeconds(3650);

  private final ClientSettings settings;
  private final Observer observer;
  private final HttpClient http;
  private final ScheduledExecutorService loop;

  /**
   * Bounds what the ledger keeps: a caller that is faster than the server waits in {@link #send}.
   */
  private final Semaphore room;

  private final Ledger ledger = new Ledger();
  private final ReconnectRules rules;
  private final CompletableFuture<ClientReport> outcome = new CompletableFuture<>();

  private Optional<String> sessionId;

  /** The connection that messages go to. */
  private @Nullable Connection current;

  /** The connection that takes over once it has its welcome. */
  private @Nullable Connection next;

  private Future<?> attempt = CompletableFuture.completedFuture(null);

  /** The move to a connection with a new token. */
  private Future<?> renewal = CompletableFuture.completedFuture(null);

  private boolean finishing;
  private long slowestGapMillis;

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
    this.room = new Semaphore(settings.maxUnacknowledged());
    this.rules =
        new ReconnectRules(
            settings.giveUpAfter(), RandomGenerator.getDefault(), MonotonicClock.system());
    this.sessionId = settings.sessionId();
  }

  static ScheduledExecutorService loop() {
    ScheduledThreadPoolExecutor loop =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tally-client");
              thread.setDaemon(true);
              return thread;
            });
    // Each frame that comes cancels a timer.
    loop.setRemoveOnCancelPolicy(true);
    return loop;
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
  CompletableFuture<ClientReport> outcome() {
    return outcome;
  }

  @Override
  public void close() {
    try {
      loop.execute(
          () -> {
            giveUp("closed");
            loop.shutdownNow();
          });
    } catch (RejectedExecutionException e) {
      // It was closed before.
    }
  }

  private void connect() {
    // A bye, a token that expires and a break may each plan an attempt: one at a time is made.
    if (!outcome.isDone() && next == null) {
      Connection connection = new Connection(this, loop);
      next = connection;
      URI uri = settings.uri();
      connection.open(
          http, sessionId.map(id -> URI.create(uri + "?session_id=" + id)).orElse(uri), settings);
    }
  }

  /** One attempt is planned at a time: a newer plan replaces the older one. */
  private void connectAfter(long delayMillis) {
    attempt.cancel(false);
    attempt = loop.schedule(this::connect, delayMillis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void received(Connection connection, ServerFrame frame) {
    if (frame instanceof ServerFrame.Trouble trouble) {
      observer.note("server says " + trouble.code() + ": " + trouble.detail());
    } else if (connection == next) {
      // Nothing before the welcome counts: without c, no frame tells which message it is about.
      if (frame instanceof ServerFrame.Welcome welcome) {
        welcomed(connection, welcome);
      }
    } else if (frame instanceof ServerFrame.Count count) {
      rules.proved();
      replied(count.number());
    } else if (frame instanceof ServerFrame.Heartbeat heartbeat) {
      rules.proved();
      observer.heartbeat(heartbeat.timestamp());
    } else if (frame instanceof ServerFrame.Bye bye) {
      observer.note("server drains at count " + bye.total() + ", moving");
      connectAfter(bye.retryAfterMillis());
    }
  }

  @Override
  public void ponged(Connection connection) {
    if (connection == current) {
      rules.proved();
    }
  }

  private void replied(long number) {
    long duplicatedBefore = ledger.duplicated();
    boolean settles = ledger.reply(number);
    if (ledger.duplicated() > duplicatedBefore) {
      observer.note("unexpected count " + number);
    }
    if (settles) {
      acknowledged(List.of(number));
    }
  }

  private void welcomed(Connection connection, ServerFrame.Welcome welcome) {
    Connection previous = current;
    current = connection;
    next = null;
    attempt.cancel(false);
    rules.opened();
    renewBefore(welcome.expiresInSeconds());
    if (previous != null) {
      // Before the ledger has the new count: from here on frames of the old connection are dropped.
      // A late count of it would be taken for a message that is sent again.
      CompletableFuture<Void> unused = previous.close();
      observer.moved(0);
    } else if (ledger.isKnown()) {
      long gap = rules.broken().toMillis();
      slowestGapMillis = Math.max(slowestGapMillis, gap);
      observer.moved(gap);
    }
    if (sessionId.isPresent() && !welcome.resumed()) {
      observer.note("the server had lost the session");
    }
    sessionId = Optional.of(welcome.sessionId());
    long lostBefore = ledger.lost();
    List<Long> numbers = ledger.welcome(welcome.count());
    if (ledger.lost() > lostBefore) {
      observer.note("the server lost " + (ledger.lost() - lostBefore) + " counted messages");
    }
    observer.connected(welcome.sessionId(), welcome.count(), welcome.resumed());
    connection.expectPongs(settings.pingInterval());
    acknowledged(numbers);
    pump();
  }

  /**
   * Moves to a connection with a new token before this one's expires. At random, so that clients
   * whose tokens expire together do not all come at once.
   */
  private void renewBefore(OptionalLong expiresInSeconds) {
    renewal.cancel(false);
    if (settings.tokens().isPresent() && expiresInSeconds.isPresent()) {
      long lifeMillis =
          TimeUnit.SECONDS.toMillis(Math.min(expiresInSeconds.getAsLong(), MAX_LIFE_SECONDS));
      long leadMillis = Math.min(MAX_LEAD_MILLIS, lifeMillis / 4);
      long moveMillis =
          lifeMillis - leadMillis - ThreadLocalRandom.current().nextLong(leadMillis + 1);
      renewal = loop.schedule(this::connect, moveMillis, TimeUnit.MILLISECONDS);
    }
  }

  private void acknowledged(List<Long> numbers) {
    numbers.forEach(observer::counted);
    room.release(numbers.size());
    endIfSettled();
  }

  @Override
  public void sent() {
    pump();
  }

  /** Sends the next message, if there is one and a connection that can take it. */
  private void pump() {
    Connection connection = current;
    if (connection != null && connection.isReady() && ledger.hasNext()) {
      connection.send(ledger.next());
    }
  }

  @Override
  public void ended(Connection connection, Ending ending) {
    if (connection == current) {
      current = null;
      rules.broke(ending);
      if (next != null) {
        // An attempt is under way, and how that one ends decides (PROTOCOL.md, P-49).
        return;
      }
    } else {
      next = null;
      rules.failed(ending);
    }
    Optional<String> failure = rules.giveUp(ending, ledger.isKnown(), current != null);
    if (failure.isPresent()) {
      giveUp(failure.get());
      return;
    }
    long delayMillis = rules.pause(ending, current != null).toMillis();
    if (current == null) {
      observer.note("disconnected (" + ending.text() + "), next try in " + delayMillis + " ms");
    }
    connectAfter(delayMillis);
  }

  private void endIfSettled() {
    if (finishing && ledger.isSettled()) {
      finishing = false;
      end(Optional.empty());
    }
  }

  @Override
  public void refused(String reason) {
    giveUp(reason);
  }

  /** Ends the client without what was not counted yet. */
  private void giveUp(String reason) {
    end(Optional.of(reason));
  }

  private void end(Optional<String> failure) {
    attempt.cancel(false);
    renewal.cancel(false);
    if (next != null) {
      next.abandon();
    }
    CompletableFuture<Void> goodbye =
        current == null ? CompletableFuture.completedFuture(null) : current.close();
    next = null;
    current = null;
    ClientReport result =
        new ClientReport(
            ledger.added(),
            ledger.counted(),
            ledger.lost(),
            ledger.duplicated(),
            ledger.reconnects(),
            slowestGapMillis,
            sessionId,
            failure);
    CompletableFuture<Void> unused = goodbye.thenRun(() -> outcome.complete(result));
  }
}
