package dev.tally.chat;

import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How far one session is counted: the count that the store has, and the messages behind it that
 * wait to be stored. What waits is charged to the budget of all sessions.
 *
 * <p>Guarded by the session's lock, except {@link #epoch}, {@link #hasLease} and {@link
 * #keepsPayloads}.
 */
final class SessionProgress {

  /** Whether there was room for a message. */
  enum Room {
    TAKEN,
    /** The session has all that one session may hold. */
    SESSION_IS_FULL,
    /** All sessions together have taken the whole budget. */
    BUDGET_IS_FULL
  }

  private final ChatSettings settings;
  private final PendingBudget<?> budget;
  private final PendingMessages pending;

  /** Whether a commit brings the messages to the store. */
  private final boolean storeKeepsMessages;

  /** Volatile: a takeover compares the epochs of two sessions, and must not lock both. */
  private volatile @Nullable Lease lease;

  private long stored;
  private long storedMillis;

  /** Whether a commit was stored, after which the store keeps the session for longer. */
  private boolean committed;

  SessionProgress(
      ChatSettings settings, PendingBudget<?> budget, boolean listens, boolean storeKeepsMessages) {
    this.settings = settings;
    this.budget = budget;
    this.pending = new PendingMessages(listens || storeKeepsMessages);
    this.storeKeepsMessages = storeKeepsMessages;
  }

  boolean keepsPayloads() {
    return pending.keepsPayloads();
  }

  /** Starts from the count that the store gave with the lease. */
  void begin(Lease given, long nowMillis) {
    lease = given;
    stored = given.count();
    storedMillis = nowMillis;
  }

  boolean hasLease() {
    return lease != null;
  }

  /** The epoch of the lease, or 0 before {@link #begin}. */
  long epoch() {
    Lease held = lease;
    return held == null ? 0 : held.epoch();
  }

  /** The highest count that the store is known to have. */
  long stored() {
    return stored;
  }

  /** As {@link #stored}; empty before {@link #begin}, because the store may have any count. */
  OptionalLong total() {
    return hasLease() ? OptionalLong.of(stored) : OptionalLong.empty();
  }

  /** Whether messages wait to be stored. */
  boolean isBehind() {
    return !pending.isEmpty();
  }

  /** What the messages that wait take of the budget. */
  long pendingBytes() {
    return pending.bytes();
  }

  /** Adds the newest message, if there is room for it. */
  Room add(long receivedNanos, byte[] payload) {
    long cost = PendingMessages.cost(payload);
    // A single message may be larger than the share of a session. Otherwise a limit on the size of
    // a message that is above the share could never be used.
    if (pending.size() >= settings.maxPendingMessages()
        || (isBehind() && pending.bytes() + cost > budget.share())) {
      return Room.SESSION_IS_FULL;
    }
    if (!budget.take(cost)) {
      return Room.BUDGET_IS_FULL;
    }
    pending.add(receivedNanos, payload);
    return Room.TAKEN;
  }

  /** The commit that stores all messages up to now; null before {@link #begin}. */
  @Nullable Commit commit(Optional<Subject> subject, boolean last) {
    Lease held = lease;
    return held == null
        ? null
        : new Commit(
            held,
            stored + pending.size(),
            last,
            storeKeepsMessages ? pending.payloads() : List.of(),
            subject);
  }

  /** Whether a message still waits that a commit up to this count has stored. */
  boolean isBehind(long count) {
    return stored < count && isBehind();
  }

  /** When the oldest message that waits was received; {@link #isBehind()} must hold. */
  long oldestNanos() {
    return pending.oldestNanos();
  }

  /**
   * Counts the oldest message that waits as stored; {@link #isBehind()} must hold. Its number is
   * {@link #stored} afterwards.
   *
   * @return its payload, or empty if payloads are not kept
   */
  byte[] advance() {
    byte[] payload = pending.removeOldest();
    budget.release(1, PendingMessages.cost(payload));
    stored++;
    return payload;
  }

  /** The store answered that it has this count. */
  void stored(long count, long nowMillis) {
    // Messages that were dropped while their commit was on its way are stored all the same.
    stored = Math.max(stored, count);
    storedMillis = nowMillis;
    committed = true;
  }

  /**
   * Drops the messages that wait.
   *
   * @return how many
   */
  int drop() {
    int dropped = pending.size();
    if (dropped > 0) {
      budget.release(dropped, pending.bytes());
      pending.clear();
    }
    return dropped;
  }

  /** Whether a message waits for so long, and the store has taken nothing in all that time. */
  boolean hasWaited(long nowMillis, Duration timeout) {
    if (!isBehind()) {
      return false;
    }
    long oldestMillis = TimeUnit.NANOSECONDS.toMillis(pending.oldestNanos());
    return nowMillis - Math.max(oldestMillis, storedMillis) > timeout.toMillis();
  }

  /**
   * Whether the store should hear of the session again, long before it expires there: renewals may
   * fail for three quarters of its time to live.
   */
  boolean isRenewalDue(long nowMillis) {
    return nowMillis - storedMillis > keptFor().toMillis() / 4;
  }

  /** How long the store keeps the session from its last open or commit. */
  private Duration keptFor() {
    Duration ttl = settings.sessionTtl();
    Duration unusedTtl = settings.unusedSessionTtl();
    return committed || stored > 0 || ttl.compareTo(unusedTtl) < 0 ? ttl : unusedTtl;
  }
}
