package dev.tally.chat;

import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.ChatStatistics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MessageListener;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.spi.Transport;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
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

  private static final Logger LOGGER = System.getLogger(ChatHub.class.getName());
  private static final Duration SWEEP = Duration.ofMillis(500);
  private static final Duration HEALTH_CHECK = Duration.ofSeconds(1);

  private final SessionStore store;
  private final boolean storeBlocks;
  private final ChatMetrics metrics;
  private final ChatConfig config;
  private final InstantSource clock;
  private final MessageListener listener;
  private final Set<ChatSession> connections = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<SessionId, ChatSession> owners = new ConcurrentHashMap<>();
  private final LongAdder pendingMessages = new LongAdder();
  private final AtomicLong pendingBytes = new AtomicLong();
  private final LongAdder superseded = new LongAdder();
  private final LongAdder unacknowledged = new LongAdder();
  private final StoreHealth storeHealth;
  private final StoreQueue opening;
  private final StoreQueue committing;
  private final ScheduledExecutorService timer = timer("tally-timer");
  private final ScheduledExecutorService health = timer("tally-store-health");
  private volatile boolean started;
  private volatile boolean draining;

  /**
   * Makes a hub that does nothing yet, and that nobody listens to.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics told of what happens; may throw without harm
   * @param config timeouts and limits
   * @param clock what time it is
   */
  public ChatHub(SessionStore store, ChatMetrics metrics, ChatConfig config, InstantSource clock) {
    this(store, metrics, config, clock, MessageListener.NONE);
  }

  /**
   * Makes a hub that does nothing yet.
   *
   * @param store where sessions live; closed by {@link #close}
   * @param metrics told of what happens; may throw without harm
   * @param config timeouts and limits
   * @param clock what time it is
   * @param listener sees every counted message; may throw without harm
   */
  public ChatHub(
      SessionStore store,
      ChatMetrics metrics,
      ChatConfig config,
      InstantSource clock,
      MessageListener listener) {
    this.store = store;
    this.storeBlocks = store.blocks();
    this.metrics = new GuardedMetrics(metrics);
    this.config = config;
    this.clock = clock;
    this.listener = listener;
    this.storeHealth = new StoreHealth(store, config.storeGrace(), clock);
    this.opening =
        new StoreQueue("tally-store-open", config.maxBatch(), config.retryBackoff(), this::openAll);
    this.committing =
        new StoreQueue(
            "tally-store-commit", config.maxBatch(), config.retryBackoff(), this::commitAll);
    this.metrics.bind(statistics());
  }

  /** Starts heartbeats, sweeps and the store's threads. Call once. */
  public void start() {
    storeHealth.beginGrace();
    if (storeBlocks) {
      opening.start();
      committing.start();
      repeat(health, Duration.ZERO, HEALTH_CHECK, storeHealth::check);
    } else {
      storeHealth.answered(true);
    }
    repeat(timer, config.heartbeat(), config.heartbeat(), this::heartbeat);
    repeat(timer, SWEEP, SWEEP, this::sweep);
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
    ChatSession session = new ChatSession(this, id, subprotocol, transport, clock.millis());
    connections.add(session);
    if (draining) {
      session.leave(Duration.ZERO);
    } else if (storeBlocks) {
      opening.add(session);
    } else {
      try {
        own(session, store.open(id));
      } catch (StoreUnavailableException e) {
        metrics.error("store_unavailable");
        session.refuse(CloseCode.TRY_AGAIN_LATER, "retry_after_ms=1000");
      }
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
    ChatSession owner = owners.get(id);
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
    if (started && storeHealth.isDownForLong()) {
      return new Readiness(false, "store_unavailable");
    }
    if (!started || !storeHealth.wasUp()) {
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
    return new HubStatistics(this);
  }

  /** Turns {@link #readiness} off, ahead of {@link #drain}, so that a balancer can take note. */
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
    long startMillis = clock.millis();
    long deadlineMillis = startMillis + config.drainTimeout().toMillis() * 95 / 100;
    List<ChatSession> leaving = List.copyOf(connections);
    Drain drain = new Drain(leaving, config.drainTimeout(), startMillis);
    long supersededBefore = superseded.sum();
    long unacknowledgedBefore = unacknowledged.sum();
    long now = startMillis;
    while (now < deadlineMillis && !(connections.isEmpty() && commitQueueDepth() == 0)) {
      long waitMillis = Math.min(5, drain.step(now));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(waitMillis));
      now = clock.millis();
    }
    int abandoned = connections.size();
    long uncounted = unacknowledged.sum() - unacknowledgedBefore + pendingMessages.sum();
    connections.forEach(ChatSession::abandon);
    int moved = (int) (superseded.sum() - supersededBefore);
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
    timer.shutdownNow();
    health.shutdownNow();
    opening.close();
    committing.close();
    store.close();
  }

  ChatConfig config() {
    return config;
  }

  long nowMillis() {
    return clock.millis();
  }

  /** Makes room for a message of so many bytes; false if there is none. */
  boolean admit(int bytes) {
    if (pendingBytes.addAndGet(bytes) > config.maxPendingBytes()) {
      pendingBytes.addAndGet(-bytes);
      return false;
    }
    pendingMessages.increment();
    return true;
  }

  void release(int messages, long bytes) {
    pendingMessages.add(-messages);
    pendingBytes.addAndGet(-bytes);
  }

  /** Messages that came in and will not be acknowledged on their connection. */
  void giveUp(long messages) {
    unacknowledged.add(messages);
    metrics.unacknowledged(messages);
  }

  boolean listens() {
    return listener != MessageListener.NONE;
  }

  void counted(SessionId id, long number, String text) {
    try {
      listener.onCounted(id, number, text);
    } catch (RuntimeException e) {
      metrics.error("listener");
      LOGGER.log(Level.ERROR, "the message listener threw", e);
    }
  }

  void countSuperseded() {
    superseded.increment();
  }

  void remove(ChatSession session) {
    connections.remove(session);
    owners.remove(session.id(), session);
  }

  /** Stores a session's news: at once, or with the next batch. The session is marked as queued. */
  void commit(ChatSession session) {
    if (storeBlocks) {
      committing.add(session);
      return;
    }
    for (Commit commit = session.nextCommit(); commit != null; commit = session.nextCommit()) {
      CommitResult result;
      try {
        result = store.commit(commit);
      } catch (StoreUnavailableException e) {
        result = CommitResult.UNAVAILABLE;
      }
      if (!session.answered(commit, result)) {
        return;
      }
      if (result == CommitResult.UNAVAILABLE) {
        session.retryLater();
        return;
      }
    }
  }

  private void own(ChatSession session, Lease lease) {
    ChatSession[] loser = new ChatSession[1];
    session.opened(lease);
    if (!connections.contains(session)) {
      return;
    }
    owners.compute(
        lease.sessionId(),
        (id, owner) -> {
          if (owner == null || owner == session) {
            return session;
          }
          boolean newer = lease.epoch() > owner.epoch();
          loser[0] = newer ? owner : session;
          return newer ? session : owner;
        });
    if (loser[0] != null) {
      loser[0].supersede();
    }
    if (!connections.contains(session)) {
      owners.remove(session.id(), session);
    }
  }

  private List<ChatSession> openAll(List<ChatSession> batch) {
    List<ChatSession> wanted = new ArrayList<>(batch.size());
    List<SessionId> ids = new ArrayList<>(batch.size());
    for (ChatSession session : batch) {
      if (connections.contains(session)) {
        wanted.add(session);
        ids.add(session.id());
      }
    }
    if (ids.isEmpty()) {
      return List.of();
    }
    List<Optional<Lease>> leases;
    try {
      leases = store.openAll(ids);
    } catch (RuntimeException e) {
      leases = Collections.nCopies(ids.size(), Optional.empty());
      failed(e);
    }
    List<ChatSession> left = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      Optional<Lease> lease = leases.get(i);
      if (lease.isPresent()) {
        own(wanted.get(i), lease.get());
      } else {
        left.add(wanted.get(i));
      }
    }
    storeHealth.answered(left.size() < wanted.size());
    return left;
  }

  private List<ChatSession> commitAll(List<ChatSession> batch) {
    List<ChatSession> sessions = new ArrayList<>(batch.size());
    List<Commit> commits = new ArrayList<>(batch.size());
    for (ChatSession session : batch) {
      Commit commit = session.nextCommit();
      if (commit != null) {
        sessions.add(session);
        commits.add(commit);
      }
    }
    if (commits.isEmpty()) {
      return List.of();
    }
    long startNanos = System.nanoTime();
    List<CommitResult> results;
    try {
      results = store.commitAll(commits);
      metrics.committed(commits.size(), System.nanoTime() - startNanos);
    } catch (RuntimeException e) {
      results = Collections.nCopies(commits.size(), CommitResult.UNAVAILABLE);
      failed(e);
    }
    List<ChatSession> left = new ArrayList<>();
    boolean answered = false;
    for (int i = 0; i < sessions.size(); i++) {
      ChatSession session = sessions.get(i);
      CommitResult result = results.get(i);
      answered |= result != CommitResult.UNAVAILABLE;
      if (session.answered(commits.get(i), result)) {
        if (result == CommitResult.UNAVAILABLE) {
          left.add(session);
        } else {
          committing.add(session);
        }
      }
    }
    storeHealth.answered(answered);
    return left;
  }

  private void failed(RuntimeException e) {
    metrics.error("store_unavailable");
    if (!(e instanceof StoreUnavailableException)) {
      LOGGER.log(Level.ERROR, "the session store threw what it should not throw", e);
    }
  }

  void heartbeat() {
    if (draining) {
      return;
    }
    heartbeat(new HeartbeatRound(connections, config.heartbeat()));
  }

  private void heartbeat(HeartbeatRound round) {
    if (round.step(clock.instant()) && !draining) {
      ScheduledFuture<?> unused =
          timer.schedule(() -> heartbeat(round), HeartbeatRound.STEP_MILLIS, TimeUnit.MILLISECONDS);
    } else {
      metrics.heartbeat(round.sent());
    }
  }

  void sweep() {
    long now = clock.millis();
    for (ChatSession session : connections) {
      session.sweep(now);
    }
  }

  int connectionCount() {
    return connections.size();
  }

  long pendingMessageCount() {
    return pendingMessages.sum();
  }

  long pendingByteCount() {
    return pendingBytes.get();
  }

  int openQueueDepth() {
    return opening.depth();
  }

  int commitQueueDepth() {
    return committing.depth();
  }

  boolean isStoreUp() {
    return storeHealth.isUp();
  }

  boolean isDraining() {
    return draining;
  }

  private static ScheduledExecutorService timer(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /** A periodic task that throws would never run again, so what it throws is logged. */
  private static void repeat(
      ScheduledExecutorService executor, Duration first, Duration delay, Runnable task) {
    ScheduledFuture<?> unused =
        executor.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException e) {
                LOGGER.log(Level.ERROR, "periodic task failed", e);
              }
            },
            first.toMillis(),
            delay.toMillis(),
            TimeUnit.MILLISECONDS);
  }
}
