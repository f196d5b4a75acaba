package dev.tally.chat;

import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * The connections of one server: opens their sessions, stores their counts, sends heartbeats, and
 * closes them in a drain. Make one for each server process.
 *
 * <p>Order of calls: the constructor, {@link #start}, {@link #connect} for each connection, {@link
 * #announceDrain} if a balancer needs time to notice, {@link #drain}, {@link #close}. Safe for use
 * by several threads. Only {@link #drain} and {@link #close} block; a store that {@linkplain
 * SessionStore#blocks blocks} is called on threads of the hub.
 *
 * <p>What is plugged in may throw: it is logged and counted, and does not harm other connections.
 */
public final class ChatHub implements AutoCloseable {

  private static final Logger LOGGER = System.getLogger(ChatHub.class.getName());

  private static final Duration SWEEP = Duration.ofMillis(500);
  private static final Duration HEALTH_CHECK = Duration.ofSeconds(1);

  private final ChatMetrics metrics;
  private final ChatSettings settings;
  private final InstantSource clock;
  private final MonotonicClock time;
  private final Connections connections = new Connections();
  private final StoreGateway store;
  private final PendingBudget<ChatSession> budget;
  private final DrainCounters counters;
  private final ExpirySchedule expiry = new ExpirySchedule();
  private final ChatSession.Shared shared;
  private final PeriodicTasks timer = new PeriodicTasks("tally-timer");
  private final PeriodicTasks health = new PeriodicTasks("tally-store-health");
  private volatile boolean started;
  private volatile boolean draining;

  /** Whether clients are being closed. Then none gets a heartbeat, and new ones are closed too. */
  private volatile boolean closingClients;

  /**
   * Makes a hub without a message listener. It does nothing before {@link #start}.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics receives events and the gauges; may throw without harm
   * @param settings timeouts and limits
   * @param clock the time of day, for heartbeats and for the expiry of identities
   */
  public ChatHub(
      SessionStore store, ChatMetrics metrics, ChatSettings settings, InstantSource clock) {
    this(store, metrics, settings, clock, MessageListener.NONE);
  }

  /**
   * Makes a hub. It does nothing before {@link #start}.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics receives events and the gauges; may throw without harm
   * @param settings timeouts and limits
   * @param clock the time of day, for heartbeats and for the expiry of identities
   * @param listener receives every counted message; may throw without harm
   */
  public ChatHub(
      SessionStore store,
      ChatMetrics metrics,
      ChatSettings settings,
      InstantSource clock,
      MessageListener listener) {
    this(store, metrics, settings, clock, MonotonicClock.system(), listener);
  }

  /**
   * Makes a hub whose durations are measured by a given clock, for tests that let time pass. It
   * does nothing before {@link #start}.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics receives events and the gauges; may throw without harm
   * @param settings timeouts and limits
   * @param clock the time of day, for heartbeats and for the expiry of identities
   * @param time measures all durations
   * @param listener receives every counted message; may throw without harm
   */
  public ChatHub(
      SessionStore store,
      ChatMetrics metrics,
      ChatSettings settings,
      InstantSource clock,
      MonotonicClock time,
      MessageListener listener) {
    this.metrics = new GuardedMetrics(metrics);
    this.settings = settings;
    this.clock = clock;
    this.time = time;
    this.budget =
        new PendingBudget<>(
            settings.maxPendingBytes(),
            connections::all,
            ChatSession::pendingBytes,
            ChatSession::makeRoom);
    this.counters = new DrainCounters(this.metrics);
    this.store = new StoreGateway(store, this.metrics, settings, time, connections);
    this.shared =
        new ChatSession.Shared(
            settings,
            time,
            this.metrics,
            new GuardedListener(listener, this.metrics),
            budget,
            new RetryHints(settings.retryAfter(), time),
            counters,
            this.store,
            connections::remove);
    this.metrics.bind(statistics());
  }

  /** Starts heartbeats, sweeps, health checks and the threads that call the store. Call once. */
  public void start() {
    store.start();
    health.repeat(Duration.ZERO, HEALTH_CHECK, store.health()::check);
    timer.repeat(settings.heartbeat(), settings.heartbeat(), this::heartbeat);
    timer.repeat(SWEEP, SWEEP, this::sweep);
    started = true;
  }

  /**
   * Adds a connection of a client that is not authenticated, as {@link #connect(Transport,
   * SessionId, Subprotocol, Identity)} does.
   *
   * @param transport sends to the client
   * @param id the session to resume or begin
   * @param subprotocol what the handshake agreed on
   * @return receives what comes from the client
   */
  public ChatSession connect(Transport transport, SessionId id, Subprotocol subprotocol) {
    return connect(transport, id, subprotocol, Identity.ANONYMOUS);
  }

  /**
   * Adds a connection after its handshake. Does not wait for the store: you may call {@link
   * ChatSession#onText} at once, and messages wait until the store has opened the session. If a
   * drain is closing connections, this one is closed too.
   *
   * <p>If the identity expires, a {@code tally.v1} client is told in its welcome how long it has.
   * Once {@link ChatSettings#expiryLeeway} is over too, the connection is closed with 4401: at once
   * or, if many expire together, within 10 s. The time until then is measured once, by the time of
   * day now. If the machine's clock is set later, this changes nothing for the connection.
   *
   * <p>You must call {@link ChatSession#onClose} when the connection ends. Until then it counts as
   * open, and its session is renewed in the store.
   *
   * @param transport sends to the client
   * @param id the session to resume or begin, as the client calls it
   * @param subprotocol what the handshake agreed on
   * @param identity who the client is; the session belongs to its subject
   * @return receives what comes from the client
   */
  public ChatSession connect(
      Transport transport, SessionId id, Subprotocol subprotocol, Identity identity) {
    Transport guarded = new GuardedTransport(transport, metrics);
    ChatSession session =
        new ChatSession(
            shared,
            id,
            identity.keyOf(id),
            subprotocol,
            TimedIdentity.of(identity, clock.instant(), time.millis()),
            guarded);
    connections.add(session);
    if (closingClients) {
      // No lease is asked for: it would take the session from the server that the client moves to.
      session.drain(Duration.ofMillis(RetryHints.jitterMillis()));
    } else {
      store.open(session);
    }
    return session;
  }

  /**
   * Sends a text message to the client that owns a session on this server. It is not a reply and is
   * not counted; it is sent between two replies. Give it a JSON {@code type} of its own, so that
   * clients can tell it from a count (docs/PROTOCOL.md). Does not block.
   *
   * @param key the session as the server names it: what a {@link MessageListener} is given, or
   *     {@link ChatSession#key}
   * @param text at most 65,535 bytes in UTF-8
   * @return false if no open connection of this server owns the session; true if the message was
   *     handed to the transport, which does not mean that it arrived
   * @throws IllegalArgumentException if the text is longer
   */
  public boolean push(SessionId key, String text) {
    Reply reply = Reply.push(text);
    ChatSession owner = connections.owner(key);
    return owner != null && owner.push(reply);
  }

  /**
   * Closes every connection of a subject with 4403, after which clients do not come back. It does
   * not keep the subject out: first revoke what it could connect with again. What is acknowledged
   * stays counted. Does not block, but looks at every connection. You may repeat it.
   *
   * @param subject the user
   * @return how many connections this call closed
   */
  public int kick(Subject subject) {
    return kick(session -> session.isOf(subject), subject);
  }

  /**
   * Closes every connection of a session with 4403, as {@link #kick(Subject)} does.
   *
   * @param key the session as the server names it: {@link ChatSession#key}
   * @return how many connections this call closed
   */
  public int kick(SessionId key) {
    return kick(session -> session.key().equals(key), key);
  }

  private int kick(Predicate<ChatSession> which, Record name) {
    int kicked = 0;
    for (ChatSession session : connections.all()) {
      if (which.test(session) && session.kick()) {
        kicked++;
      }
    }
    LOGGER.log(Level.INFO, "connections of " + name + " closed by an operator: " + kicked);
    return kicked;
  }

  /**
   * Whether a balancer should send new clients to this server.
   *
   * @return the state now, and its reason
   */
  public Readiness readiness() {
    if (draining) {
      return new Readiness(false, "draining");
    }
    if (started && store.health().isDownForLong()) {
      return new Readiness(false, "store_unavailable");
    }
    if (started && store.health().isFullForLong()) {
      return new Readiness(false, "store_full");
    }
    if (!started || !store.health().wasUp()) {
      return new Readiness(false, "starting");
    }
    return new Readiness(true, "ready");
  }

  /**
   * The metrics given to the constructor, wrapped so that they never throw.
   *
   * @return report handshakes and errors of the server here
   */
  public ChatMetrics metrics() {
    return metrics;
  }

  /**
   * The gauges.
   *
   * @return a live view of this hub
   */
  public ChatStatistics statistics() {
    return new HubStatistics(connections, budget, store, this::readiness, () -> draining);
  }

  /**
   * Makes {@link #readiness} false some time before {@link #drain}, so that a balancer can notice.
   * Clients that it still sends are served until then.
   */
  public void announceDrain() {
    draining = true;
  }

  /**
   * Says bye to every client and closes its connection, each in a slot of its own. Waits until all
   * are gone and all counts are stored, or until 95 % of the drain timeout is over; the rest of it
   * is for the close frames that are sent then. Call once, after {@link #start}.
   *
   * @return what became of the connections and messages
   */
  public DrainReport drain() {
    announceDrain();
    closingClients = true;
    long startMillis = time.millis();
    long deadlineMillis = startMillis + settings.drainTimeout().toMillis() * 95 / 100;
    List<ChatSession> leaving = List.copyOf(connections.all());
    DrainSchedule drain =
        new DrainSchedule(leaving, settings.drainTimeout(), settings.drainOverlap(), startMillis);
    long supersededBefore = counters.superseded();
    long unacknowledgedBefore = counters.unacknowledged();
    long now = startMillis;
    while (now < deadlineMillis
        && !(connections.all().isEmpty() && store.commitQueueDepth() == 0)) {
      long waitMillis = Math.min(5, drain.step(now));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(waitMillis));
      now = time.millis();
    }
    int abandoned = connections.all().size();
    long uncounted = counters.unacknowledged() - unacknowledgedBefore + budget.messages();
    connections.all().forEach(ChatSession::endDrain);
    int moved = (int) (counters.superseded() - supersededBefore);
    return new DrainReport(
        leaving.size(),
        Math.max(0, leaving.size() - moved - abandoned),
        moved,
        abandoned,
        uncounted,
        Duration.ofMillis(now - startMillis));
  }

  /**
   * Ends all threads and closes the store. What is not stored by now was not acknowledged. Closes
   * no connection: {@link #drain} does.
   */
  @Override
  public void close() {
    draining = true;
    closingClients = true;
    timer.close();
    health.close();
    store.close();
    // Keeps the sum right for a server that ended: received = acknowledged + unacknowledged.
    long left = budget.messages();
    if (left > 0) {
      counters.countUnacknowledged(left);
    }
  }

  void heartbeat() {
    if (closingClients) {
      return;
    }
    heartbeat(new HeartbeatRound(connections.all(), settings.heartbeat()));
  }

  private void heartbeat(HeartbeatRound round) {
    if (round.step(clock.instant()) && !closingClients) {
      timer.doOnce(HeartbeatRound.STEP_MILLIS, () -> heartbeat(round));
    } else {
      metrics.heartbeat(round.sent());
    }
  }

  void sweep() {
    long now = time.millis();
    List<ChatSession> expired = new ArrayList<>();
    for (ChatSession session : connections.all()) {
      session.sweep(now);
      if (session.hasExpired(now)) {
        expired.add(session);
      }
    }
    if (!expired.isEmpty() && expiry.add(expired, now)) {
      closeExpired();
    }
  }

  /** Closes those whose turn it is. In a drain every client has its slot, and is closed there. */
  void closeExpired() {
    if (!closingClients && expiry.step(time.millis()) && started) {
      timer.doOnce(ExpirySchedule.STEP_MILLIS, this::closeExpired);
    }
  }

  /** Does once what the threads that call the store do. For tests that do not start the hub. */
  void takeBatches() {
    store.takeBatches();
  }
}
