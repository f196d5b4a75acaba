package dev.tally.chat.store;

import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * Whether the store answers, and since when it does not. Only its health check says so: a batch
 * that nobody was answered for may have met the one part of a store that is away.
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

  /** When the first check began that was not answered, or that may never be. */
  private volatile long unansweredSinceMillis;

  /** When the first check was answered that there is no room. */
  private volatile long fullSinceMillis = NEVER;

  /**
   * Knows nothing of the store yet: it counts as down once the grace is over.
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

  /** A store that did not answer yet has the grace from now on. */
  public void beginGrace() {
    unansweredSinceMillis = time.millis();
  }

  /** Asks the store. May block. */
  public void check() {
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
   * Whether the store answered last, and does not keep a check waiting for as long as the grace.
   *
   * @return the answer at this moment
   */
  public boolean isUp() {
    return up && !isDownForLong();
  }

  /**
   * Whether it answered before, and does not now, or only that it has no room.
   *
   * @return the answer at this moment
   */
  public boolean isAway() {
    return wasUp && (!isUp() || isFull());
  }

  /**
   * Whether it answered last that it has no room.
   *
   * @return the answer at this moment
   */
  public boolean isFull() {
    return fullSinceMillis != NEVER;
  }

  /**
   * Whether it has answered so for as long as the grace.
   *
   * @return the answer at this moment
   */
  public boolean isFullForLong() {
    return isLongAgo(fullSinceMillis);
  }

  /**
   * Whether it ever did.
   *
   * @return the answer at this moment
   */
  public boolean wasUp() {
    return wasUp;
  }

  /**
   * Whether it has not answered for as long as the grace.
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
