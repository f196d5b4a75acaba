package dev.tally.bench;

import java.time.Duration;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/** What came back while messages were sent. Filled by {@link LoadGenerator}'s thread. */
final class Round {

  private static final long LONGEST_MICROS = 120_000_000;

  /** From the moment at which the message was to be sent, in microseconds. */
  final Histogram latency = new Histogram(LONGEST_MICROS, 3);

  /** Replies whose count was the next one of their socket. */
  long replies;

  /** Replies with another count. */
  long mismatches;

  /** Frames without a count: heartbeats, greetings. */
  long others;

  /** Messages that were never answered, on sockets that are gone or still open. */
  long missing;

  /** Sockets that ended. */
  int dropped;

  Duration took = Duration.ZERO;

  /** Fails unless every message was answered with the right count and every socket is there. */
  Round exact() {
    if (mismatches + missing + dropped > 0) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "of %d replies %d had a wrong count, %d are missing, and %d sockets ended",
              replies + mismatches,
              mismatches,
              missing,
              dropped));
    }
    return this;
  }

  double perSecond() {
    return replies * 1e9 / took.toNanos();
  }

  double percentileMillis(double percentile) {
    return latency.getValueAtPercentile(percentile) / 1e3;
  }
}
