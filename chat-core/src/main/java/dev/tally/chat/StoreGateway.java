package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.store.StoreHealth;
import dev.tally.chat.store.StoreQueue;
import dev.tally.chat.store.StoreQueue.Outcome;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks the store for leases and commits, and hands its answers to the sessions. A store that blocks
 * is called with batches, on two threads of this class: one for leases, one for commits, so that
 * neither waits for the other. A store that does not block is called on the thread that received
 * the message.
 *
 * <p>Safe for use by several threads. A store that throws what its contract does not allow, or
 * answers for too few sessions, is treated as one that did not answer.
 */
final class StoreGateway implements ChatSession.Store {

  private static final Logger LOGGER = System.getLogger(StoreGateway.class.getName());

  /** Counted also if a part of the store is away, which the health check may not see. */
  private static final String UNAVAILABLE = "store_unavailable";

  private static final String FULL = "store_full";

  /** True for every failure: the store is silent, the session's entry is damaged, a log refuses. */
  private static final String LATE_DETAIL =
      "the session store did not open or save this session in time";

  private static final String FULL_DETAIL = "the session store is full";

  private final SessionStore store;
  private final boolean blocks;
  private final boolean keepsMessages;
  private final ChatMetrics metrics;
  private final Connections connections;
  private final StoreHealth health;

  /** For each session that waits for a lease, its newest connection. */
  private final ConcurrentHashMap<SessionId, ChatSession> claims = new ConcurrentHashMap<>();

  private final StoreQueue<ChatSession> opening;
  private final StoreQueue<ChatSession> committing;

  StoreGateway(
      SessionStore store,
      ChatMetrics metrics,
      ChatSettings settings,
      MonotonicClock time,
      Connections connections) {
    this.store = store;
    this.blocks = store.blocks();
    this.keepsMessages = store.keepsMessages();
    this.metrics = metrics;
    this.connections = connections;
    this.health = new StoreHealth(store, settings.storeGrace(), time);
    this.opening =
        new StoreQueue<>(
            "tally-store-open",
            settings.maxBatch(),
            settings.retryBackoff(),
            this::openAll,
            this::stillWaits);
    this.committing =
        new StoreQueue<>(
            "tally-store-commit",
            settings.maxBatch(),
            settings.retryBackoff(),
            this::commitAll,
            session -> true);
  }

  void start() {
    health.beginGrace();
    if (blocks) {
      opening.start();
      committing.start();
    } else {
      // Such a store answers at once, so a server that uses it is ready as soon as it has started.
      health.check();
    }
  }

  StoreHealth health() {
    return health;
  }

  @Override
  public boolean isAway() {
    return health.isAway();
  }

  /** Does once what the threads do. For tests that do not start them. */
  void takeBatches() {
    opening.takeBatches();
    committing.takeBatches();
  }

  int openQueueDepth() {
    return opening.depth();
  }

  int commitQueueDepth() {
    return committing.depth();
  }

  /** Ends the threads, then closes the store. */
  void close() {
    opening.close();
    committing.close();
    store.close();
  }

  /** Asks the store for a session's lease: at once, or with the next batch. */
  void open(ChatSession session) {
    if (blocks) {
      // The queue keeps no order while the store is away. If two connections of a session waited,
      // the older one could be opened last, and then a dead socket would own the session.
      ChatSession older = claims.put(session.key(), session);
      if (older != null) {
        older.supersede();
      }
      opening.add(session);
      return;
    }
    if (!session.isOpening()) {
      return;
    }
    try {
      connections.own(session, store.open(session.key()));
    } catch (StoreFullException e) {
      metrics.error(FULL);
      session.tryAgainLater(FULL_DETAIL);
    } catch (Throwable e) {
      logUnlessUnavailable(e);
      metrics.error(UNAVAILABLE);
      session.tryAgainLater(LATE_DETAIL);
    }
  }

  @Override
  public boolean keepsMessages() {
    return keepsMessages;
  }

  @Override
  public String trouble() {
    return health.isFull() ? FULL_DETAIL : LATE_DETAIL;
  }

  private void countTrouble() {
    metrics.error(health.isFull() ? FULL : UNAVAILABLE);
  }

  @Override
  public void commit(ChatSession session) {
    if (blocks) {
      committing.add(session);
      return;
    }
    // Not as a batch of one: this runs for every message, and would allocate two lists for each.
    //
    // Under the session's lock, against this race: the store takes the commit, a newer connection
    // gets the lease and has its messages counted, and only then this thread hands the older
    // numbers to the listener.
    synchronized (session) {
      for (Commit commit = session.nextCommit(); commit != null; commit = session.nextCommit()) {
        CommitResult result;
        try {
          result = store.commit(commit);
        } catch (Throwable e) {
          result = CommitResult.UNAVAILABLE;
          logUnlessUnavailable(e);
        }
        if (!session.answered(commit, result)) {
          return;
        }
        if (result == CommitResult.UNAVAILABLE) {
          metrics.error(UNAVAILABLE);
          session.retryLater();
          return;
        }
      }
    }
  }

  private Outcome<ChatSession> openAll(List<ChatSession> batch) {
    List<ChatSession> wanted = new ArrayList<>(batch.size());
    List<SessionId> ids = new ArrayList<>(batch.size());
    for (ChatSession session : batch) {
      if (stillWaits(session)) {
        wanted.add(session);
        ids.add(session.key());
      }
    }
    if (ids.isEmpty()) {
      return new Outcome<>(true, List.of());
    }
    List<Optional<Lease>> leases;
    try {
      leases = complete(store.openAll(ids), ids.size());
    } catch (Throwable e) {
      leases = Collections.nCopies(ids.size(), Optional.empty());
      logUnlessUnavailable(e);
    }
    List<ChatSession> left = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      Optional<Lease> lease = leases.get(i);
      if (lease.isPresent()) {
        claims.remove(wanted.get(i).key(), wanted.get(i));
        connections.own(wanted.get(i), lease.get());
      } else {
        left.add(wanted.get(i));
      }
    }
    if (!left.isEmpty()) {
      countTrouble();
    }
    return new Outcome<>(left.size() < wanted.size(), left);
  }

  /** Whether a client still waits for its lease. Forgets a client that does not. */
  private boolean stillWaits(ChatSession session) {
    boolean waits = session.isOpening();
    if (!waits) {
      claims.remove(session.key(), session);
    }
    return waits;
  }

  private Outcome<ChatSession> commitAll(List<ChatSession> batch) {
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
      return new Outcome<>(true, List.of());
    }
    long startNanos = System.nanoTime();
    List<CommitResult> results;
    try {
      results = complete(store.commitAll(commits), commits.size());
    } catch (Throwable e) {
      results = Collections.nCopies(commits.size(), CommitResult.UNAVAILABLE);
      logUnlessUnavailable(e);
    }
    long tookNanos = System.nanoTime() - startNanos;
    List<ChatSession> left = new ArrayList<>();
    int unanswered = 0;
    for (int i = 0; i < sessions.size(); i++) {
      ChatSession session = sessions.get(i);
      CommitResult result = results.get(i);
      unanswered += result == CommitResult.UNAVAILABLE ? 1 : 0;
      if (session.answered(commits.get(i), result)) {
        if (result == CommitResult.UNAVAILABLE) {
          left.add(session);
        } else {
          committing.add(session);
        }
      }
    }
    if (unanswered > 0) {
      countTrouble();
    }
    if (unanswered < sessions.size()) {
      metrics.committed(commits.size(), tookNanos);
    }
    return new Outcome<>(unanswered < sessions.size(), left);
  }

  private static <T> List<T> complete(List<T> answers, int asked) {
    if (answers.size() != asked) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the session store was asked for %d sessions and answered for %d",
              asked,
              answers.size()));
    }
    return answers;
  }

  private static void logUnlessUnavailable(Throwable e) {
    if (!(e instanceof StoreUnavailableException)) {
      LOGGER.log(Level.ERROR, "the session store broke its contract", e);
    }
  }
}
