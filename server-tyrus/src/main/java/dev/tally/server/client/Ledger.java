package dev.tally.server.client;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What was sent and what was counted. The k-th message after a welcome with count c has number c +
 * k, so messages are kept until their number comes back, and what a welcome does not count is sent
 * again, in order (docs/PROTOCOL.md, "Exactly once"). Not safe for use by several threads.
 */
final class Ledger {

  private final Deque<String> unsent = new ArrayDeque<>();
  private final Deque<String> inFlight = new ArrayDeque<>();
  private boolean known;
  private long count;
  private long added;
  private long counted;
  private long lost;
  private long duplicated;
  private long reconnects;

  /** Whether the session was ever open. */
  boolean isKnown() {
    return known;
  }

  /** Takes a message that the user wants counted. */
  void add(String message) {
    unsent.add(message);
    added++;
  }

  /** Whether there is a message to send now. */
  boolean hasNext() {
    return !unsent.isEmpty();
  }

  /** The next message to send; from now on it may have been counted. */
  String next() {
    String message = unsent.remove();
    inFlight.add(message);
    return message;
  }

  /** Whether every message was counted. */
  boolean isSettled() {
    return unsent.isEmpty() && inFlight.isEmpty();
  }

  /**
   * Takes the count of a welcome: drops what it counts, and queues the rest to be sent again.
   *
   * @return the numbers of messages that turn out to be counted
   */
  List<Long> welcome(long serverCount) {
    if (!known) {
      known = true;
      count = serverCount;
      return List.of();
    }
    reconnects++;
    List<Long> numbers = new ArrayList<>();
    if (serverCount < count) {
      // The store went back. Those messages were settled here and cannot be sent again.
      lost += count - serverCount;
      count = serverCount;
    }
    while (count < serverCount && !inFlight.isEmpty()) {
      numbers.add(settle());
    }
    // More than was ever sent here: something was counted twice, or by another client.
    duplicated += serverCount - count;
    count = serverCount;
    // From the last to the first, and ahead of what was never sent: the order stays.
    while (!inFlight.isEmpty()) {
      unsent.addFirst(inFlight.removeLast());
    }
    return numbers;
  }

  /**
   * Takes the count of a reply: the number of the oldest message in flight, as it should be, or a
   * duplicate.
   *
   * @return whether a message is counted by it
   */
  boolean reply(long number) {
    if (number <= count || inFlight.isEmpty()) {
      duplicated++;
      count = Math.max(count, number);
      return false;
    }
    // Numbers between belong to messages of another client of this session.
    duplicated += number - count - 1;
    count = number - 1;
    settle();
    return true;
  }

  private long settle() {
    inFlight.remove();
    counted++;
    return ++count;
  }

  /** The count of the session, as far as it is known. */
  long count() {
    return count;
  }

  /** Messages taken from the user. */
  long added() {
    return added;
  }

  /** Messages whose number is known. */
  long counted() {
    return counted;
  }

  /** Messages that had been acknowledged, and that a later welcome did not count any more. */
  long lost() {
    return lost;
  }

  /** Counts beyond the messages that were sent. */
  long duplicated() {
    return duplicated;
  }

  /** Welcomes after the first one. */
  long reconnects() {
    return reconnects;
  }
}
