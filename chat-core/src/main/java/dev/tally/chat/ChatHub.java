package dev.tally.chat;

import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.Transport;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * All connections of one server: opens their sessions, commits their counts, sends heartbeats, and
 * drains.
 *
 * <p>Order of calls: construct, {@link #start}, any number of {@link #connect}, {@link #drain},
 * {@link #close}. Safe for use by several threads. Only {@link #drain} and {@link #close} may
 * block.
 */
public final class ChatHub implements AutoCloseable {

  private static final Duration SWEEP = Duration.ofMillis(500);
  private static final Duration HEALTH_CHECK = Duration.ofSeconds(1);

  private final ChatMetrics metrics;
  private final ChatSettings config;
  private final InstantSource clock;
  private final MonotonicClock time;
  private final Connections connections = new Connections();
  private final StoreGateway store;
  private final PendingBudget<ChatSession> budget;
  private final SessionCounts counts;
  private final ChatSession.Shared shared;
  private final PeriodicTasks timer = new PeriodicTasks("tally-timer");
  private final PeriodicTasks health = new PeriodicTasks("tally-store-health");
  private volatile boolean started;
  private volatile boolean draining;

  /** Whether clients are being closed: they get no heartbeats, and new ones are turned away. */
  private volatile boolean sayingBye;

  /**
   * Makes a hub that does nothing yet, and that nobody listens to.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics told of what happens; may throw without harm
   * @param config timeouts and limits
   * @param clock the time of day, for heartbeats
   */
  public ChatHub(
      SessionStore store, ChatMetrics metrics, ChatSettings config, InstantSource clock) {
    this(store, metrics, config, clock, MessageListener.NONE);
  }

  /**
   * Makes a hub that does nothing yet.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics told of what happens; may throw without harm
   * @param config timeouts and limits
   * @param clock the time of day, for heartbeats
   * @param listener sees every counted message; may throw without harm
   */
  public ChatHub(
      SessionStore store,
      ChatMetrics metrics,
      ChatSettings config,
      InstantSource clock,
      MessageListener listener) {
    this(store, metrics, config, clock, MonotonicClock.system(), listener);
  }

  /**
   * Makes a hub that does nothing yet, and whose durations a test can let pass.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics told of what happens; may throw without harm
   * @param config timeouts and limits
   * @param clock the time of day, for heartbeats
   * @param time measures every duration
   * @param listener sees every counted message; may throw without harm
   */
  public ChatHub(
      SessionStore store,
      ChatMetrics metrics,
      ChatSettings config,
      InstantSource clock,
      MonotonicClock time,
      MessageListener listener) {
    this.metrics = new GuardedMetrics(metrics);
    this.config = config;
    this.clock = clock;
    this.time = time;
    this.budget =
        new PendingBudget<>(
            config.maxPendingBytes(),
            connections::all,
            ChatSession::pendingBytes,
            ChatSession::giveWay);
    this.counts = new SessionCounts(this.metrics);
    this.store = new StoreGateway(store, this.metrics, config, time, connections);
    this.shared =
        new ChatSession.Shared(
            config,
            time,
            this.metrics,
            new GuardedListener(listener, this.metrics),
            budget,
            new RetryHints(config.retryAfter(), time),
            counts,
            this.store,
            connections::remove);
    this.metrics.bind(statistics());
  }

  /** Starts heartbeats, sweeps and the store's threads. Call once. */
  public void start() {
    store.start();
    health.repeat(Duration.ZERO, HEALTH_CHECK, store.health()::check);
    timer.repeat(config.heartbeat(), config.heartbeat(), this::heartbeat);
    timer.repeat(SWEEP, SWEEP, this::sweep);
    started = true;
  }

  /**
   * Takes in a connection whose handshake is done. Never blocks; messages may be handed to the
   * session at once, they wait until the store opened it.
   *
   * @param transport the way to the client
   * @param id the session to resume or begin
   * @param subprotocol what the handshake agreed on
   * @return the connection's part in the session
   */
  public ChatSession connect(Transport transport, SessionId id, Subprotocol subprotocol) {
    Transport guarded = new GuardedTransport(transport, metrics);
    ChatSession session = new ChatSession(shared, id, subprotocol, guarded);
    connections.add(session);
    if (sayingBye) {
      session.leave(Duration.ofMillis(RetryHints.jitterMillis()));
    } else {
      store.open(session);
    }
    return session;
  }

  /**
   * Sends a text message to the client that is connected to a session here. It is no reply and
   * counts nothing; on the wire it stands between two replies. Give it a JSON {@code type} of its
   * own, so that clients can tell it from a count (docs/PROTOCOL.md). Never blocks.
   *
   * @param id the session
   * @param text at most 65,535 bytes in UTF-8
   * @return false if no open connection of this server owns the session; true says that it was
   *     handed to the transport, not that it arrived
   * @throws IllegalArgumentException if the text is longer
   */
  public boolean push(SessionId id, String text) {
    Reply reply = Reply.push(text);
    ChatSession owner = connections.owner(id);
    return owner != null && owner.push(reply);
  }

  /**
   * Whether new clients should be sent here.
   *
   * @return the answer now
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
   * The metrics given to the constructor, guarded: they never throw.
   *
   * @return where the server reports its handshakes and errors too
   */
  public ChatMetrics metrics() {
    return metrics;
  }

  /**
   * The gauges.
   *
   * @return a view of this hub
   */
  public ChatStatistics statistics() {
    return new HubStatistics(connections, budget, store, this::readiness, () -> draining);
  }

  /**
   * Turns {@link #readiness} off, ahead of {@link #drain}, so that a balancer can take note.
   * Clients that it still sends are served until then.
   */
  public void announceDrain() {
    draining = true;
  }

  /**
   * Says bye to everybody, each in a slot of its own, and waits until they are gone or the drain
   * timeout is over. Call once.
   *
   * @return the ledger
   */
  public DrainReport drain() {
    announceDrain();
    sayingBye = true;
    long startMillis = time.millis();
    long deadlineMillis = startMillis + config.drainTimeout().toMillis() * 95 / 100;
    List<ChatSession> leaving = List.copyOf(connections.all());
    DrainSchedule drain =
        new DrainSchedule(leaving, config.drainTimeout(), config.drainOverlap(), startMillis);
    long supersededBefore = counts.superseded();
    long unacknowledgedBefore = counts.unacknowledged();
    long now = startMillis;
    while (now < deadlineMillis
        && !(connections.all().isEmpty() && store.commitQueueDepth() == 0)) {
      long waitMillis = Math.min(5, drain.step(now));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(waitMillis));
      now = time.millis();
    }
    int abandoned = connections.all().size();
    long uncounted = counts.unacknowledged() - unacknowledgedBefore + budget.messages();
    connections.all().forEach(ChatSession::abandon);
    int moved = (int) (counts.superseded() - supersededBefore);
    return new DrainReport(
        leaving.size(),
        Math.max(0, leaving.size() - moved - abandoned),
        moved,
        abandoned,
        uncounted,
        Duration.ofMillis(now - startMillis));
  }

  /** Ends all threads and closes the store. What is not stored by now was never acknowledged. */
  @Override
  public void close() {
    draining = true;
    sayingBye = true;
    timer.close();
    health.close();
    store.close();
    // So that received = acknowledged + unacknowledged in the metrics of a server that ended.
    long left = budget.messages();
    if (left > 0) {
      counts.countUnacknowledged(left);
    }
  }

  void heartbeat() {
    if (sayingBye) {
      return;
    }
    heartbeat(new HeartbeatRound(connections.all(), config.heartbeat()));
  }

  private void heartbeat(HeartbeatRound round) {
    if (round.step(clock.instant()) && !sayingBye) {
      timer.doOnce(HeartbeatRound.STEP_MILLIS, () -> heartbeat(round));
    } else {
      metrics.heartbeat(round.sent());
    }
  }

  void sweep() {
    long now = time.millis();
    for (ChatSession session : connections.all()) {
      session.sweep(now);
    }
  }

  /** One turn of the store's threads where they were not started: for tests in one thread. */
  void takeBatches() {
    store.takeBatches();
  }
}
