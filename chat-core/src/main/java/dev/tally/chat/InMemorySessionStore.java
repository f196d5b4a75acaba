package dev.tally.chat;

import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import java.time.Duration;
import java.time.InstantSource;
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

  private final ConcurrentHashMap<SessionId, Entry> entries = new ConcurrentHashMap<>();
  private final long ttlMillis;
  private final int maxSessions;
  private final InstantSource clock;
  private volatile boolean closed;

  /** Where the sweep goes on; guarded by this. */
  private Iterator<Map.Entry<SessionId, Entry>> unswept = Collections.emptyIterator();

  /**
   * Makes an empty store.
   *
   * @param ttl how long a session is kept after its last open or commit; positive
   * @param maxSessions how many are kept at the most, with those that expired and were not found
   *     yet; while they are, a new one is refused
   * @param clock what time it is
   */
  public InMemorySessionStore(Duration ttl, int maxSessions, InstantSource clock) {
    if (ttl.isNegative() || ttl.isZero()) {
      throw new IllegalArgumentException("ttl must be positive, not " + ttl);
    }
    if (maxSessions < 1) {
      throw new IllegalArgumentException("maxSessions must be 1 or more, not " + maxSessions);
    }
    this.ttlMillis = ttl.toMillis();
    this.maxSessions = maxSessions;
    this.clock = clock;
  }

  @Override
  public boolean blocks() {
    return false;
  }

  @Override
  public Lease open(SessionId id) {
    checkHealth();
    long now = clock.millis();
    while (true) {
      Entry entry = entries.get(id);
      if (entry == null) {
        entry = newEntry(id, now);
      }
      synchronized (entry) {
        if (!entry.removed) {
          return entry.open(id, now, now + ttlMillis);
        }
      }
    }
  }

  @Override
  public CommitResult commit(Commit commit) {
    checkHealth();
    long now = clock.millis();
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
          return entry.commit(commit, now, now + ttlMillis);
        }
      }
    }
  }

  @Override
  public void checkHealth() {
    if (closed) {
      throw new StoreUnavailableException("the in-memory store is closed");
    }
  }

  @Override
  public void close() {
    closed = true;
    entries.clear();
  }

  /** How many sessions are kept, with those that expired and were not found yet. */
  long size() {
    return entries.mappingCount();
  }

  private Entry newEntry(SessionId id, long now) {
    sweep(now);
    if (entries.mappingCount() >= maxSessions) {
      throw new StoreUnavailableException(
          "the in-memory store is full: it holds " + maxSessions + " sessions");
    }
    return entries.computeIfAbsent(id, key -> new Entry());
  }

  private synchronized void sweep(long now) {
    if (!unswept.hasNext()) {
      unswept = entries.entrySet().iterator();
    }
    for (int i = 0; i < SWEPT_PER_NEW_SESSION && unswept.hasNext(); i++) {
      Map.Entry<SessionId, Entry> next = unswept.next();
      Entry entry = next.getValue();
      synchronized (entry) {
        if (entry.epoch != 0 && entry.expires <= now) {
          entry.removed = true;
          entries.remove(next.getKey(), entry);
        }
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

    Lease open(SessionId id, long now, long newExpires) {
      boolean resumed = epoch != 0 && expires > now;
      if (!resumed) {
        count = 0;
        left = 0;
      }
      Optional<Duration> gap =
          left == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(Math.max(0, now - left)));
      epoch = Math.max(epoch + 1, now);
      left = 0;
      expires = newExpires;
      return new Lease(id, epoch, count, resumed, gap);
    }

    CommitResult commit(Commit commit, long now, long newExpires) {
      long epochOfLease = commit.lease().epoch();
      if (epoch > epochOfLease && expires > now) {
        return CommitResult.SUPERSEDED;
      }
      // A repeat that comes late must not take back what a later commit of the same lease stored.
      count = epoch == epochOfLease ? Math.max(count, commit.count()) : commit.count();
      epoch = epochOfLease;
      left = commit.last() ? now : 0;
      expires = newExpires;
      return CommitResult.STORED;
    }
  }
}
