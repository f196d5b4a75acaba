package dev.tally.chat.store;

import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * Whether the store answers, and since when it does not. Only the health check decides: a batch
 * that was not answered may have met the one part of a store that is away.
 *
 * <p>Checked by one thread at a time, read by any.
 */
public final class StoreHealth {

  private static final Logger LOGGER = System.getLogger(StoreHealth.class.getName());
  private static final long NEVER = Long.MAX_VALUE;

  private final SessionStore store;
  private final long graceMillis;
  private final MonotonicClock time;
  private volatile boolean up;
  private volatile boolean wasUp;
  private boolean downLogged;

  /**
   * When the first check began that was not answered, or that still runs. {@link #NEVER} if none.
   */
  private volatile long unansweredSinceMillis;

  /** When the store first answered that it has no room. {@link #NEVER} if it has room. */
  private volatile long fullSinceMillis = NEVER;

  /**
   * Makes the health of a store that was not asked yet. It counts as down once the grace is over.
   *
   * @param store asked by {@link #check}
   * @param grace how long the store may be down, or full, before {@link #isDownForLong} and {@link
   *     #isFullForLong} say so
   * @param time measures the grace
   */
  public StoreHealth(SessionStore store, Duration grace, MonotonicClock time) {
    this.store = store;
    this.graceMillis = grace.toMillis();
    this.time = time;
    beginGrace();
  }

  /** Starts the grace of a store that did not answer yet. */
  public void beginGrace() {
    unansweredSinceMillis = time.millis();
  }

  /** Asks the store. May block. */
  public void check() {
    // Before the call: a check that never returns must count as unanswered too.
    if (unansweredSinceMillis == NEVER) {
      unansweredSinceMillis = time.millis();
    }
    try {
      store.checkHealth();
    } catch (StoreFullException e) {
      answered();
      if (!isFull()) {
        fullSinceMillis = time.millis();
        LOGGER.log(
            Level.WARNING, "session store full, new sessions are refused: " + e.getMessage());
      }
      return;
    } catch (Throwable e) {
      up = false;
      if (!downLogged) {
        if (e instanceof StoreUnavailableException) {
          LOGGER.log(Level.WARNING, "session store unavailable: " + e.getMessage());
        } else {
          LOGGER.log(Level.ERROR, "session store unavailable: its health check threw", e);
        }
        downLogged = true;
      }
      return;
    }
    answered();
    wasUp = true;
    if (isFull()) {
      fullSinceMillis = NEVER;
      LOGGER.log(Level.INFO, "session store has room again");
    }
  }

  private void answered() {
    unansweredSinceMillis = NEVER;
    up = true;
    if (downLogged) {
      LOGGER.log(Level.INFO, "session store is back");
      downLogged = false;
    }
  }

  /**
   * Whether the store answered the last check, and a check that runs now is younger than the grace.
   *
   * @return the answer at this moment
   */
  public boolean isUp() {
    return up && !isDownForLong();
  }

  /**
   * Whether the store answered before, and now does not, or answers that it has no room.
   *
   * @return the answer at this moment
   */
  public boolean isAway() {
    return wasUp && (!isUp() || isFull());
  }

  /**
   * Whether the last answer was that the store has no room.
   *
   * @return the answer at this moment
   */
  public boolean isFull() {
    return fullSinceMillis != NEVER;
  }

  /**
   * Whether the store has had no room for as long as the grace.
   *
   * @return the answer at this moment
   */
  public boolean isFullForLong() {
    return isLongAgo(fullSinceMillis);
  }

  /**
   * Whether the store has answered a check at least once.
   *
   * @return the answer at this moment
   */
  public boolean wasUp() {
    return wasUp;
  }

  /**
   * Whether the store has not answered for as long as the grace.
   *
   * @return the answer at this moment
   */
  public boolean isDownForLong() {
    return isLongAgo(unansweredSinceMillis);
  }

  private boolean isLongAgo(long sinceMillis) {
    return sinceMillis != NEVER && time.millis() - sinceMillis >= graceMillis;
  }
}
