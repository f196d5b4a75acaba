package dev.tally.server.client;

import java.util.Optional;

/**
 * How a {@link ChatClient} ended. docs/PROTOCOL.md, "Exactly once", defines the numbers.
 *
 * @param slowestGapMillis the longest time without a connection
 * @param failure why the client gave up; empty if every message was counted
 */
record ClientReport(
    long sent,
    long counted,
    long lost,
    long duplicated,
    long reconnects,
    long slowestGapMillis,
    Optional<String> sessionId,
    Optional<String> failure) {

  /** Whether every message was counted once, and the server kept every count. */
  boolean isClean() {
    return failure.isEmpty() && sent == counted && lost == 0 && duplicated == 0;
  }
}
