package dev.tally.chat;

import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When clients that are closed with 1013, or at the end of a drain, should reconnect: each in a
 * slot of its own, at the pace of a drain. With the same hint for all, clients that were closed
 * together would reconnect together, and overload the server. Safe for use by several threads.
 */
final class RetryHints {

  /** Reconnects per second: far below what a server with two slow cores can take. */
  static final int LEAST_PER_SECOND = 500;

  private static final long SLOT_NANOS = TimeUnit.SECONDS.toNanos(1) / LEAST_PER_SECOND;

  /**
   * The longest wait that slots add. A store may be back much sooner, so clients beyond it get a
   * random time within it.
   */
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long JITTER_MILLIS = 250;

  private final long leastMillis;
  private final MonotonicClock time;
  private final AtomicLong nextSlotNanos = new AtomicLong();

  RetryHints(Duration least, MonotonicClock time) {
    this.leastMillis = least.toMillis();
    this.time = time;
  }

  /** Takes the next slot, and says how long it is until then. */
  Duration next() {
    long now = time.nanos();
    long slot = nextSlotNanos.getAndUpdate(next -> within(now, next) + SLOT_NANOS);
    long ahead = within(now, slot) - now;
    if (ahead == MOST_NANOS) {
      ahead = ThreadLocalRandom.current().nextLong(MOST_NANOS);
    }
    return Duration.ofMillis(leastMillis + TimeUnit.NANOSECONDS.toMillis(ahead) + jitterMillis());
  }

  /** Spreads clients that were closed at the same moment, where no slots are given out. */
  static long jitterMillis() {
    return ThreadLocalRandom.current().nextLong(JITTER_MILLIS);
  }

  private static long within(long now, long slot) {
    return Math.min(Math.max(slot, now), now + MOST_NANOS);
  }
}
