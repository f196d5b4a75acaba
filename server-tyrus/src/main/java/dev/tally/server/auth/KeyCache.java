package dev.tally.server.auth;

import dev.tally.chat.spi.MonotonicClock;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that are known now, and the thread that keeps them up to date. A source that fails does
 * no harm to the keys that are known. A call that asks for keys never waits. Safe for concurrent
 * use.
 */
final class KeyCache implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(KeyCache.class);

  /** A token with an invented key makes the source be asked again no more often than this. */
  static final Duration FRESH = Duration.ofSeconds(10);

  /** Short: while there is no key at all, no client can connect. */
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);

  private static final long MAX_PARK_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Keys, and when the last look began that found them. In one: else a new key looks unknown. */
  private record Seen(KeySet keys, long nanos) {}

  private final @Nullable KeySource source;
  private final MonotonicClock time;
  private final Thread thread = new Thread(this::run, "tally-keys");
  private volatile @Nullable Seen seen;
  private volatile boolean wanted;
  private volatile boolean closed;
  private boolean failing;

  /** Of the keys that were seen: the same keys stay the same object. */
  private String lastJson = "";

  /** Keys that never change. */
  KeyCache(KeySet keys, MonotonicClock time) {
    this.source = null;
    this.seen = new Seen(keys, 0);
    this.time = time;
  }

  /** Keys of a source; none until {@link #start}. */
  KeyCache(KeySource source, MonotonicClock time) {
    this.source = source;
    this.time = time;
    thread.setDaemon(true);
  }

  /** Begins to look. Call once. */
  void start() {
    if (source != null) {
      thread.start();
    }
  }

  /** The keys as they were last seen; null if they never were. */
  @Nullable KeySet known() {
    Seen now = seen;
    return now == null ? null : now.keys();
  }

  /**
   * Asks for a look at the source, for a key that is not among those given.
   *
   * @param checked what {@link #known} said
   * @return false if these keys were seen just now, so that there is no such key
   */
  boolean lookAgain(KeySet checked) {
    Seen now = seen;
    if (source == null
        || (now != null && now.keys() == checked && time.nanos() - now.nanos() < FRESH.toNanos())) {
      return false;
    }
    wanted = true;
    LockSupport.unpark(thread);
    return true;
  }

  private void run() {
    KeySource place = Objects.requireNonNull(source);
    try {
      while (!closed) {
        // Before the look: a request during the look may be for a key that was added behind it.
        wanted = false;
        long began = time.nanos();
        look(place, began);
        long interval = place.interval().toNanos();
        long usual = failing ? Math.min(interval, FRESH.toNanos()) : interval;
        while (!closed && time.nanos() - began < pause(usual)) {
          LockSupport.parkNanos(this, Math.min(MAX_PARK_NANOS, pause(usual)));
        }
      }
    } catch (InterruptedException e) {
      // It was closed while it read.
    }
  }

  private long pause(long usual) {
    if (seen == null) {
      return FIRST_RETRY.toNanos();
    }
    return wanted ? Math.min(usual, FRESH.toNanos()) : usual;
  }

  private void look(KeySource place, long began) throws InterruptedException {
    try {
      String json = place.read();
      Seen before = seen;
      // The same object stays for the same keys, since VerifiedTokens forgets all when it changes.
      if (before != null && json.equals(lastJson)) {
        seen = new Seen(before.keys(), began);
        if (failing) {
          tell(place, before.keys());
        }
      } else {
        KeySet found = KeySet.parse(json);
        seen = new Seen(found, began);
        lastJson = json;
        tell(place, found);
      }
      failing = false;
    } catch (IOException | RuntimeException e) {
      // Once for each failure that lasts. The keys of before stay in use: a key server that is away
      // must not lock out the clients whose keys are known.
      if (!failing) {
        LOGGER
            .atWarn()
            .addKeyValue("event", "keys_unavailable")
            .log("cannot read the keys for tokens from {}: {}", place, e.getMessage());
      }
      failing = true;
    }
  }

  private static void tell(KeySource place, KeySet found) {
    LOGGER
        .atInfo()
        .addKeyValue("event", "keys")
        .addKeyValue("keys", found.size())
        .log("read the keys for tokens from {}", place);
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
