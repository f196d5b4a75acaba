package dev.tally.chat;

import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When clients that are turned away may come back: each in a slot of its own, at the pace of a
 * drain. With the same hint for all, clients that were turned away together would come back
 * together. Safe for use by several threads.
 */
final class RetryHints {

  /** How many clients come back in a second: what a server of two slow cores takes with ease. */
  static final int LEAST_PER_SECOND = 500;

  private static final long SLOT_NANOS = TimeUnit.SECONDS.toNanos(1) / LEAST_PER_SECOND;

  /** So far apart are the first and the last at the most: a store may be back much sooner. */
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long JITTER_MILLIS = 250;

  private final long leastMillis;
  private final MonotonicClock time;
  private final AtomicLong nextSlotNanos = new AtomicLong();

  RetryHints(Duration least, MonotonicClock time) {
    this.leastMillis = least.toMillis();
    this.time = time;
  }

  /** Takes the next slot; how long it is until then. */
  Duration next() {
    long now = time.nanos();
    long slot = nextSlotNanos.getAndUpdate(next -> within(now, next) + SLOT_NANOS);
    long ahead = within(now, slot) - now;
    if (ahead == MOST_NANOS) {
      ahead = ThreadLocalRandom.current().nextLong(MOST_NANOS);
    }
    return Duration.ofMillis(leastMillis + TimeUnit.NANOSECONDS.toMillis(ahead) + jitterMillis());
  }

  /** Enough that those of one moment do not meet again, where no slots are given out. */
  static long jitterMillis() {
    return ThreadLocalRandom.current().nextLong(JITTER_MILLIS);
  }

  private static long within(long now, long slot) {
    return Math.min(Math.max(slot, now), now + MOST_NANOS);
  }
}
