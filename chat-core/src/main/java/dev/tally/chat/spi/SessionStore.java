package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the counts of sessions between connections, each guarded by a lease.
 *
 * <p>Rules for implementations; {@code SessionStoreContract} in chat-core's test-jar has a test for
 * each:
 *
 * <ul>
 *   <li>They are safe for use by several threads, and by several servers if these share the store.
 *   <li>The newest lease wins. A commit with an older one changes nothing.
 *   <li>Every call may be repeated: after a failure the core does not know whether it was done.
 *   <li>Every successful call for a session renews its time to live.
 *   <li>A session in which nothing was counted has a shorter time to live from its open on, and
 *       from its owner's last commit on. Any other commit gives it the full one. A client can make
 *       such sessions at no cost, so they would fill a store that kept them for long.
 * </ul>
 */
public interface SessionStore extends AutoCloseable {

  /** What became of one commit. */
  enum CommitResult {
    /** The count is stored, and this lease still owns the session. */
    STORED,
    /** A newer lease owns the session; nothing was changed. */
    SUPERSEDED,
    /** The store did not answer; whether the count is stored is unknown. */
    UNAVAILABLE
  }

  /**
   * Gives one connection the lease of a session. Makes the session if it does not exist, and makes
   * every earlier lease of it invalid.
   *
   * @param id the session as the server names it: {@link dev.tally.chat.ChatSession#key}
   * @return the lease, with an epoch above all earlier ones of this session, and the stored count
   * @throws StoreUnavailableException if the store did not answer; {@link StoreFullException} if it
   *     has no room
   */
  Lease open(SessionId id);

  /**
   * Stores "the count is n", unless a newer lease owns the session. A store that has lost the
   * session, by a restart for instance, creates it again from the commit: its owner knows the
   * count. A repeated commit that comes after a later one of the same lease does not lower the
   * count.
   *
   * @param commit the lease, the count and whether the owner leaves with it
   * @return what became of it; never {@link CommitResult#UNAVAILABLE}
   * @throws StoreUnavailableException if the store did not answer
   */
  CommitResult commit(Commit commit);

  /**
   * Opens many sessions, in one round trip if the store can.
   *
   * @param ids the sessions; if an id is in the list more than once, its last lease is the newest
   * @return one entry per id, in order; empty where the store did not answer or is full
   */
  default List<Optional<Lease>> openAll(List<SessionId> ids) {
    List<Optional<Lease>> leases = new ArrayList<>(ids.size());
    for (SessionId id : ids) {
      try {
        leases.add(Optional.of(open(id)));
      } catch (StoreUnavailableException e) {
        leases.add(Optional.empty());
      }
    }
    return leases;
  }

  /**
   * Commits many sessions, in one round trip if the store can.
   *
   * @param commits each lease at most once; the list may have several leases of one session, in any
   *     order
   * @return one entry per commit, in order; {@link CommitResult#UNAVAILABLE} where the store did
   *     not answer
   */
  default List<CommitResult> commitAll(List<Commit> commits) {
    List<CommitResult> results = new ArrayList<>(commits.size());
    for (Commit commit : commits) {
      try {
        results.add(commit(commit));
      } catch (StoreUnavailableException e) {
        results.add(CommitResult.UNAVAILABLE);
      }
    }
    return results;
  }

  /**
   * Whether calls may wait for something outside this process. The core calls a store that blocks
   * with batches ({@link #openAll}, {@link #commitAll}), on threads of its own. It calls one that
   * does not block directly ({@link #open}, {@link #commit}), on the thread that received the
   * message, and for commits under the session's lock. Asked once.
   *
   * @return true unless the store lives in this process's memory
   */
  default boolean blocks() {
    return true;
  }

  /**
   * Whether commits should bring the messages that they count. The core keeps the text of a message
   * until its commit is answered, charged to {@link dev.tally.chat.ChatSettings#maxPendingBytes}.
   * Otherwise it copies and keeps no text. Asked once.
   *
   * <p>Rules for a store that returns true; {@code MessageLogContract} in chat-core's test-jar has
   * a test for each. What it keeps for a session is its log:
   *
   * <ul>
   *   <li>Count and messages are stored in one step: both or neither.
   *   <li>Each number is in the log once, in order, also if commits are repeated or overlap. A
   *       commit that is superseded adds nothing.
   *   <li>The log says what is missing. If messages were counted that the store was not given, or
   *       that it has lost, the next commit adds an entry that names the range of their numbers.
   *   <li>When numbers start again (the session expired or was lost), the log tells the new
   *       messages from the old ones with the same numbers.
   * </ul>
   *
   * @return false unless the store keeps messages
   */
  default boolean keepsMessages() {
    return false;
  }

  /**
   * Asks whether the store works now. Called about once a second, never by two threads at once. The
   * hub's readiness depends on it alone, so a store that can be away must ask, best by doing what a
   * commit does. If a call does not return within {@link dev.tally.chat.ChatSettings#storeGrace},
   * the store counts as away.
   *
   * @throws StoreUnavailableException if it does not work; the message is for operators. {@link
   *     StoreFullException} if it works but refuses new sessions because it is full; then until it
   *     has room for many, so that the answer does not change with every session
   */
  default void checkHealth() {}

  /**
   * Closes connections and ends threads. Calls after it throw {@link StoreUnavailableException}.
   */
  @Override
  default void close() {}
}
