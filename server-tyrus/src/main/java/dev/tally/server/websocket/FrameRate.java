package dev.tally.server.websocket;

import dev.tally.chat.spi.MonotonicClock;

/**
 * How many frames without a message of their own one connection may send: pings, pongs and small
 * fragments. They cost about as much as messages, and the message rate does not count them. A burst
 * may bring ten seconds' worth at once. The state is one number that each connection keeps, 0 at
 * first (the generic cell rate algorithm). Immutable.
 */
public final class FrameRate {

  private static final long SECOND_NANOS = 1_000_000_000;
  private static final long BURST_NANOS = 10 * SECOND_NANOS;

  private final long nanosEach;
  private final MonotonicClock time;

  /**
   * Makes a limit.
   *
   * @param perSecond 0 for none
   * @param time measures the rate
   */
  public FrameRate(int perSecond, MonotonicClock time) {
    this.nanosEach = perSecond == 0 ? 0 : SECOND_NANOS / perSecond;
    this.time = time;
  }

  /**
   * Counts a frame.
   *
   * @param state what the last call returned
   * @return the new state; negative if the frame is one too many
   */
  long take(long state) {
    if (nanosEach == 0) {
      return 0;
    }
    long now = time.nanos();
    long next = Math.max(state, now) + nanosEach;
    return next - now > BURST_NANOS ? -1 : next;
  }
}
