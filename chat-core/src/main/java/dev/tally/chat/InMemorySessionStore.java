package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sessions in this process's memory: the default, for one server whose sessions may end with it.
 * Safe for use by several threads; never blocks.
 */
public final class InMemorySessionStore implements SessionStore {

  /**
   * How many sessions are looked at for each new one, so that those that expired go while others
   * come; at a steady rate they are a sixteenth of all. To look at all of a million at once would
   * keep a selector thread for 0.1 s; to look at 128 was a seventh of a connect.
   */
  static final int SWEPT_PER_NEW_SESSION = 16;

  /** How many the health check looks at once the store was full: some 0.05 s, on its own thread. */
  private static final int SWEPT_PER_CHECK = 500_000;

  private final ConcurrentHashMap<SessionId, Entry> entries = new ConcurrentHashMap<>();
  private final long ttlMillis;
  private final long unusedTtlMillis;
  private final int maxSessions;
  private final MonotonicClock time;
  private volatile boolean closed;

  /** From when a session was turned away until a health check finds room for some. */
  private volatile boolean full;

  /** Where the sweep goes on; guarded by this. */
  private Iterator<Map.Entry<SessionId, Entry>> unswept = Collections.emptyIterator();

  /** Where the health check goes on; it is never called by two threads at once. */
  private Iterator<Map.Entry<SessionId, Entry>> uncheckedWhileFull = Collections.emptyIterator();

  /**
   * Makes an empty store.
   *
   * @param ttl how long a session is kept after its last open or commit; positive
   * @param unusedTtl the same for one without a counted message whose owner left; positive, and not
   *     longer than {@code ttl} counts
   * @param maxSessions how many are kept at the most, with those that expired and were not found
   *     yet; while they are, a new one takes the place of one that was never used, or is refused
   * @param time measures how long sessions are kept
   */
  public InMemorySessionStore(
      Duration ttl, Duration unusedTtl, int maxSessions, MonotonicClock time) {
    requirePositive("ttl", ttl);
    requirePositive("unusedTtl", unusedTtl);
    if (maxSessions < 1) {
      throw new IllegalArgumentException("maxSessions must be 1 or more, not " + maxSessions);
    }
    this.ttlMillis = ttl.toMillis();
    this.unusedTtlMillis = Math.min(ttlMillis, unusedTtl.toMillis());
    this.maxSessions = maxSessions;
    this.time = time;
  }

  /**
   * Makes an empty store that keeps sessions without a counted message for a minute.
   *
   * @param ttl how long a session is kept after its last open or commit; positive
   * @param maxSessions how many are kept at the most
   * @param time measures how long sessions are kept
   */
  public InMemorySessionStore(Duration ttl, int maxSessions, MonotonicClock time) {
    this(ttl, ChatSettings.defaults().unusedSessionTtl(), maxSessions, time);
  }

  private static void requirePositive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }

  /** Never 0, which stands for what did not happen. */
  private long now() {
    return 1 + time.millis();
  }

  @Override
  public boolean blocks() {
    return false;
  }

  @Override
  public Lease open(SessionId id) {
    checkOpen();
    long now = now();
    while (true) {
      Entry entry = entries.get(id);
      if (entry == null) {
        entry = newEntry(id, now);
      }
      synchronized (entry) {
        if (!entry.removed) {
          return entry.open(id, now, ttlMillis, unusedTtlMillis);
        }
      }
    }
  }

  @Override
  public CommitResult commit(Commit commit) {
    checkOpen();
    long now = now();
    SessionId id = commit.lease().sessionId();
    while (true) {
      Entry entry = entries.get(id);
      if (entry == null) {
        // The owner is connected and counted already: taking its session back is not a new session,
        // so the bound does not apply. Connections have a bound of their own.
        entry = entries.computeIfAbsent(id, key -> new Entry());
      }
      synchronized (entry) {
        if (!entry.removed) {
          return entry.commit(commit, now, ttlMillis, unusedTtlMillis);
        }
      }
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Once it was full, it looks for sessions to drop, and is full until a twentieth of the places
   * is free.
   */
  @Override
  public void checkHealth() {
    checkOpen();
    if (!full) {
      return;
    }
    long now = now();
    if (!uncheckedWhileFull.hasNext()) {
      uncheckedWhileFull = entries.entrySet().iterator();
    }
    for (int i = 0; i < SWEPT_PER_CHECK && uncheckedWhileFull.hasNext(); i++) {
      removeIf(uncheckedWhileFull.next(), now, true);
    }
    if (entries.mappingCount() > maxSessions - Math.max(1, maxSessions / 20)) {
      throw noRoom();
    }
    full = false;
  }

  private void checkOpen() {
    if (closed) {
      throw new StoreUnavailableException("the in-memory store is closed");
    }
  }

  @Override
  public void close() {
    closed = true;
    entries.clear();
  }

  /**
   * How many sessions are kept.
   *
   * @return their number, including expired sessions that have not been removed yet
   */
  public long size() {
    return entries.mappingCount();
  }

  private Entry newEntry(SessionId id, long now) {
    sweep(now);
    if (entries.mappingCount() >= maxSessions) {
      full = true;
      throw noRoom();
    }
    return entries.computeIfAbsent(id, key -> new Entry());
  }

  private StoreFullException noRoom() {
    return new StoreFullException(
        "the in-memory store is full: it holds " + maxSessions + " sessions");
  }

  private synchronized void sweep(long now) {
    if (!unswept.hasNext()) {
      unswept = entries.entrySet().iterator();
    }
    boolean placesAreShort = entries.mappingCount() >= maxSessions;
    for (int i = 0; i < SWEPT_PER_NEW_SESSION && unswept.hasNext(); i++) {
      removeIf(unswept.next(), now, placesAreShort);
    }
  }

  /** Drops a session whose time is over or, if places are short, that nobody has or ever used. */
  private void removeIf(Map.Entry<SessionId, Entry> session, long now, boolean placesAreShort) {
    Entry entry = session.getValue();
    synchronized (entry) {
      boolean over = entry.epoch != 0 && entry.expires <= now;
      if (over || (placesAreShort && entry.isLeftUnused())) {
        entry.removed = true;
        entries.remove(session.getKey(), entry);
      }
    }
  }

  /** One session; every field is guarded by the entry's own lock. */
  private static final class Entry {
    private long epoch;
    private long count;
    private long left;
    private long expires;
    private boolean removed;

    /** Nothing was counted, and its owner said that it left. */
    boolean isLeftUnused() {
      return count == 0 && left != 0;
    }

    Lease open(SessionId id, long now, long ttl, long unusedTtl) {
      boolean resumed = epoch != 0 && expires > now;
      if (!resumed) {
        count = 0;
        left = 0;
      }
      Optional<Duration> gap =
          left == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(now - left));
      epoch = Math.max(epoch + 1, now);
      left = 0;
      expires = now + (count == 0 ? unusedTtl : ttl);
      return new Lease(id, epoch, count, resumed, gap);
    }

    CommitResult commit(Commit commit, long now, long ttl, long unusedTtl) {
      long epochOfLease = commit.lease().epoch();
      if (epoch > epochOfLease && expires > now) {
        return CommitResult.SUPERSEDED;
      }
      // A repeat that comes late must not take back what a later commit of the same lease stored.
      count = epoch == epochOfLease ? Math.max(count, commit.count()) : commit.count();
      epoch = epochOfLease;
      left = commit.last() ? now : 0;
      expires = now + (isLeftUnused() ? unusedTtl : ttl);
      return CommitResult.STORED;
    }
  }
}
