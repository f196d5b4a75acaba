package dev.tally.server.client;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Whether and when to come back after an ending (docs/PROTOCOL.md, "Coming back"). Not safe for use
 * by several threads.
 */
final class ReconnectRules {

  /**
   * How long an attempt that failed here may still reach the server, where it takes the session
   * away from this client's connection; or how long the server may take to say that it did.
   */
  private static final Duration STRAY = Duration.ofSeconds(30);

  /** Two clients of a session do not take it from each other for long. */
  private static final int MAX_STRAYS = 5;

  private final Duration giveUpAfter;
  private final Backoff backoff;
  private final MonotonicClock clock;
  private long brokenSinceNanos;
  private boolean proved;

  /** When such attempts failed, each of which is worth one return from 4001. */
  private final Deque<Long> strayedNanos = new ArrayDeque<>();

  /**
   * Makes the rules of one client, for which the time without a connection begins now.
   *
   * @param giveUpAfter how long to go on without a connection
   * @param random for the jitter
   * @param clock measures the time without a connection
   */
  ReconnectRules(Duration giveUpAfter, RandomGenerator random, MonotonicClock clock) {
    this.giveUpAfter = giveUpAfter;
    this.backoff = new Backoff(random);
    this.clock = clock;
    this.brokenSinceNanos = clock.nanos();
  }

  /** A connection has its welcome. */
  void opened() {
    proved = false;
  }

  /**
   * The connection works: more came over it than the welcome, which a server in trouble may say.
   */
  void proved() {
    proved = true;
  }

  /** The connection that had its welcome is over. */
  void broke(Ending ending) {
    brokenSinceNanos = clock.nanos();
    // A server that throws its client out each time does so again soon, whatever it counted.
    boolean thrownOut =
        ending instanceof Ending.Closed closed
            && (closed.code() == CloseCode.POLICY_VIOLATION.code()
                || closed.code() == CloseCode.INTERNAL_ERROR.code());
    if (proved && !thrownOut) {
      backoff.reset();
    }
  }

  /** An attempt ended before its welcome. */
  void failed(Ending ending) {
    forgetOldStrays();
    if (ending.mayBeServed()) {
      strayedNanos.add(clock.nanos());
      if (strayedNanos.size() > MAX_STRAYS) {
        strayedNanos.remove();
      }
    }
  }

  /** Time since there was a connection. */
  Duration broken() {
    return Duration.ofNanos(clock.nanos() - brokenSinceNanos);
  }

  /**
   * Decides on an ending that no other connection makes up for.
   *
   * @param beenThere whether the session was ever open
   * @param connected whether there still is an older connection
   * @return why to give up; empty: come back after {@link #pause}
   */
  Optional<String> giveUp(Ending ending, boolean beenThere, boolean connected) {
    if (!isByStray(ending) && ending.isFinal(beenThere)) {
      return Optional.of(ending.text());
    }
    return connected || broken().compareTo(giveUpAfter) < 0
        ? Optional.empty()
        : Optional.of("no connection for " + giveUpAfter.toSeconds() + " s: " + ending.text());
  }

  /** Superseded soon after an attempt of its own failed: that is no other client, that once. */
  private boolean isByStray(Ending ending) {
    forgetOldStrays();
    return ending instanceof Ending.Closed closed
        && closed.code() == CloseCode.SUPERSEDED.code()
        && strayedNanos.poll() != null;
  }

  private void forgetOldStrays() {
    long now = clock.nanos();
    strayedNanos.removeIf(nanos -> now - nanos >= STRAY.toNanos());
  }

  /**
   * How long to wait before the next attempt. Without a connection there is a last attempt when it
   * is time to give up, however long the hint.
   *
   * @param connected whether there still is an older connection
   */
  Duration pause(Ending ending, boolean connected) {
    Duration pause = backoff.next(ending.hintMillis());
    Duration left = giveUpAfter.minus(broken());
    return connected || pause.compareTo(left) < 0 ? pause : left;
  }
}
