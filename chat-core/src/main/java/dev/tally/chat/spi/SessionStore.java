package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where sessions live between connections: a log of counts, guarded by leases.
 *
 * <p>Every call is idempotent as the core uses it and may be repeated after a failure whose outcome
 * is unknown. Implementations are safe for use by several threads. A store renews a session's time
 * to live on every successful call for it. A session without a counted message has a shorter one
 * from when it is opened, and from its owner's last commit; any other commit gives it the full one.
 * Such sessions cost nothing to make, and would fill a store that kept them. {@code
 * SessionStoreContract} in chat-core's test-jar holds every rule as a test.
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
   * Claims a session for one connection: makes it if it is not there, and fences off every lease
   * given out before.
   *
   * @param id the session
   * @return the lease, with an epoch above all earlier ones of this session, and the stored count
   * @throws StoreUnavailableException if the store did not answer; {@link StoreFullException} if it
   *     has no room
   */
  Lease open(SessionId id);

  /**
   * Stores "the count is n", unless a newer lease owns the session. A store that lost the session
   * takes it back from its owner here.
   *
   * @param commit the lease, the count and whether the owner leaves with it
   * @return what became of it; never {@link CommitResult#UNAVAILABLE}
   * @throws StoreUnavailableException if the store did not answer
   */
  CommitResult commit(Commit commit);

  /**
   * Opens many sessions, in one round trip if the store can.
   *
   * @param ids the sessions; one may stand there more than once, then the last one owns it
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
   * @param commits each lease at most once; a session may stand there under several leases, in any
   *     order
   * @return one entry per commit, in order
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
   * from threads of its own and in batches, and one that does not directly, on the connection's
   * thread and under the session's lock.
   *
   * @return true unless the store lives in this process's memory
   */
  default boolean blocks() {
    return true;
  }

  /**
   * Asks whether the store works now. Called about once a second, never by two threads at once, and
   * all that the hub's readiness goes by: a store that can be away has to answer, at best by doing
   * what a commit does. One that does not return for {@link dev.tally.chat.ChatSettings#storeGrace}
   * is taken for away.
   *
   * @throws StoreUnavailableException if it does not; the message is for operators. {@link
   *     StoreFullException} if it answers and turns sessions away for lack of room, until it has
   *     room enough again for this not to change with every session
   */
  default void checkHealth() {}

  /** Lets go of connections and threads. Calls after it throw {@link StoreUnavailableException}. */
  @Override
  default void close() {}
}
