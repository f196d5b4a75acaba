package dev.tally.chat;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When clients that are turned away may come back: each in a slot of its own, as many a second as a
 * drain sends away. Those who were turned away together would else come back together. Safe for use
 * by several threads.
 */
final class RetryHints {

  private static final long SLOT_NANOS = TimeUnit.SECONDS.toNanos(1) / Drain.SLOWEST_PER_SECOND;

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
