package dev.tally.chat;

import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;

/** Whether the store answers, and since when it does not. Safe for use by several threads. */
final class StoreHealth {

  private static final Logger LOGGER = System.getLogger(StoreHealth.class.getName());

  private final SessionStore store;
  private final long graceMillis;
  private final InstantSource clock;
  private volatile boolean up;
  private volatile boolean wasUp;
  private volatile boolean downLogged;
  private volatile long downSinceMillis;

  StoreHealth(SessionStore store, Duration grace, InstantSource clock) {
    this.store = store;
    this.graceMillis = grace.toMillis();
    this.clock = clock;
    this.downSinceMillis = clock.millis();
  }

  /** A store that did not answer yet has the grace from now on. */
  void beginGrace() {
    downSinceMillis = clock.millis();
  }

  /** Asks the store. May block. */
  void check() {
    try {
      store.checkHealth();
      answered(true);
    } catch (Throwable e) {
      if (!downLogged) {
        String why = e instanceof StoreUnavailableException ? e.getMessage() : e.toString();
        LOGGER.log(Level.WARNING, "session store unavailable: " + why);
        downLogged = true;
      }
      answered(false);
    }
  }

  /** A call of the store ended. */
  synchronized void answered(boolean didAnswer) {
    if (up && !didAnswer) {
      downSinceMillis = clock.millis();
    } else if (!up && didAnswer && wasUp) {
      LOGGER.log(Level.INFO, "session store is back");
    }
    downLogged &= !didAnswer;
    up = didAnswer;
    wasUp |= didAnswer;
  }

  /** Whether the store answered last. */
  boolean isUp() {
    return up;
  }

  /** Whether it ever did. */
  boolean wasUp() {
    return wasUp;
  }

  /** Whether it has not answered for as long as the grace. */
  boolean isDownForLong() {
    return !up && clock.millis() - downSinceMillis >= graceMillis;
  }
}
