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
 * Keeps sessions in the memory of this process, so they end with it. The default, for a single
 * server. Safe for use by several threads. Never blocks.
 */
public final class InMemorySessionStore implements SessionStore {

  /**
   * How many sessions are checked for each new one, so that expired ones are removed while others
   * are made. At a steady rate, a sixteenth of all sessions are expired ones. Checking a million at
   * once would block a selector thread for 0.1 s; checking 128 took a seventh of the time of a
   * connect.
   */
  static final int SWEPT_PER_NEW_SESSION = 16;

  /** How many the health check checks if the store was full: about 0.05 s, on its own thread. */
  private static final int SWEPT_PER_CHECK = 500_000;

  private final ConcurrentHashMap<SessionId, Entry> entries = new ConcurrentHashMap<>();
  private final long ttlMillis;
  private final long unusedTtlMillis;
  private final int maxSessions;
  private final MonotonicClock time;
  private volatile boolean closed;

  /** Set when a session was refused, until a health check finds enough room. */
  private volatile boolean full;

  /** Where the next sweep continues; guarded by this. */
  private Iterator<Map.Entry<SessionId, Entry>> unswept = Collections.emptyIterator();

  /** Where the next health check continues; two threads never call it at once. */
  private Iterator<Map.Entry<SessionId, Entry>> uncheckedWhileFull = Collections.emptyIterator();

  /**
   * Makes an empty store.
   *
   * @param ttl how long a session is kept after its last open or commit; positive
   * @param unusedTtl the same for a session without a counted message whose owner left; positive;
   *     {@code ttl} if that is shorter
   * @param maxSessions the most sessions that are kept, including expired ones that were not
   *     removed yet. When the store is full, a new session takes the place of one that was left
   *     unused, or is refused.
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
   * @param maxSessions the most sessions that are kept
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

  /** Never 0, which means "never" in the fields of an entry. */
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
        // The session was lost, and its owner is still connected. Making it again must not fail, so
        // the bound does not apply. Connections have a bound of their own.
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
   * <p>If a session was refused, looks for sessions to remove. The store stays full until a
   * twentieth of its places is free.
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
   * The number of sessions.
   *
   * @return how many are kept, including expired sessions that have not been removed yet
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

  /** Removes a session that expired or, if places are short, one that was left unused. */
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

  /** One session. Every field is guarded by the entry's own lock. */
  private static final class Entry {
    private long epoch;
    private long count;
    private long left;
    private long expires;
    private boolean removed;

    /** Whether nothing was counted, and the owner sent its last commit. */
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
      // A repeated commit that comes late must not lower what a later one of the same lease stored.
      count = epoch == epochOfLease ? Math.max(count, commit.count()) : commit.count();
      epoch = epochOfLease;
      left = commit.last() ? now : 0;
      expires = now + (isLeftUnused() ? unusedTtl : ttl);
      return CommitResult.STORED;
    }
  }
}
