package dev.tally.chat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection, and its part in a session. {@link ChatHub#connect} makes it. Its states, in their
 * order:
 *
 * <ol>
 *   <li>OPENING: the store was asked for the lease. Messages wait.
 *   <li>OPEN: messages are counted.
 *   <li>LEAVING: no further message is counted. The last count is being stored.
 *   <li>CLOSING: our close frame was handed to the transport. Commits may still be on their way.
 *   <li>CLOSED: the connection ended.
 * </ol>
 *
 * <p>The owner of the connection calls {@link #onText} for every text message, in the order in
 * which they came, and then {@link #onClose} once. Calls of {@code onText} for one session must not
 * overlap: the order of the calls is the order of the counts. Apart from that, all methods are safe
 * for use by several threads. None of them waits for the store, or throws because of it.
 */
public final class ChatSession {

  // The race that shapes this class: the store's answer to a commit comes on another thread, while
  // messages, a drain, a newer connection and the end of this one come on theirs. So every change
  // of state happens under the session's lock, the store's threads are handed the session without
  // it, and an answer is compared with the state at the time when it comes.
  //
  // Order of locks: the session's own, then those of the transport and of a store in this process.
  // No thread takes the locks of two sessions.

  private enum State {
    OPENING,
    OPEN,
    LEAVING,
    CLOSING,
    CLOSED
  }

  /** What the sessions of a hub share. */
  record Shared(
      ChatSettings settings,
      MonotonicClock time,
      ChatMetrics metrics,
      GuardedListener listener,
      PendingBudget<ChatSession> budget,
      RetryHints retryHints,
      DrainCounters counters,
      Store store,
      Consumer<ChatSession> onEnd) {}

  /** What a session asks of the way to the store. */
  interface Store {

    /**
     * Stores what is new in a session: at once, or with the next batch. The caller has marked the
     * session as queued, and does not hold its lock.
     */
    void commit(ChatSession session);

    /** Whether the store keeps messages, so that commits must bring them. */
    boolean keepsMessages();

    /** Whether the store has answered before, and does not answer now. */
    boolean isAway();

    /** Why the store serves no client, as a sentence for the client. */
    String trouble();
  }

  /** What to do next with a message that came in. */
  private enum Taken {
    /** Hand the session to the store. It is marked as queued. */
    COMMIT,
    /** Nothing: the session is queued already, or the message is not counted. */
    NOTHING,
    /** Make room in the budget, then try again. */
    MAKE_ROOM
  }

  private static final String TOO_MUCH_WAITS = "too many messages wait for the session store";

  private final Shared shared;
  private final SessionId id;
  private final SessionId key;
  private final TimedIdentity identity;
  private final Subprotocol subprotocol;
  private final Transport transport;
  private final long connectedMillis;

  // Everything below is guarded by this. What is volatile is also read without the lock.
  private final SessionProgress progress;
  private final ClosingFrames closing;
  private volatile State state = State.OPENING;

  /**
   * Whether the session is in the commit queue, or in a batch that was not answered yet. It must be
   * there at most once: two batches with the same session could be answered in either order.
   */
  private boolean queued;

  /** Whether a newer connection owns the session. Then nothing of this one is stored any more. */
  private boolean superseded;

  /** Whether the store has our last commit, so that it knows when this owner left. */
  private boolean lastCommitStored;

  /** Whether the session leaves because its client's identity expired, and not in a drain. */
  private boolean expired;

  private Duration drainRetryAfter = Duration.ZERO;

  ChatSession(
      Shared shared,
      SessionId id,
      SessionId key,
      Subprotocol subprotocol,
      TimedIdentity identity,
      Transport transport) {
    this.shared = shared;
    this.id = id;
    this.key = key;
    this.identity = identity;
    this.subprotocol = subprotocol;
    this.transport = transport;
    this.connectedMillis = shared.time().millis();
    this.closing = new ClosingFrames(transport, subprotocol);
    this.progress =
        new SessionProgress(
            shared.settings(),
            shared.budget(),
            shared.listener().listens(),
            shared.store().keepsMessages());
  }

  /**
   * Names the session for the client.
   *
   * @return the id that the client may resume with
   */
  public SessionId id() {
    return id;
  }

  /**
   * Names the session on the server: in the store, for {@link ChatHub#push} and for listeners.
   *
   * @return the {@link #id} if the client has no subject; otherwise {@link SessionId#ownedBy} the
   *     subject, which no client knows
   */
  public SessionId key() {
    return key;
  }

  /**
   * Counts one text message. The reply follows through the transport, on any thread, once the count
   * is stored. A message that comes after a bye or a close frame of ours is not counted.
   *
   * @param text the payload; only a {@link dev.tally.chat.spi.MessageListener}, and a store that
   *     keeps messages, see its content
   */
  public void onText(String text) {
    count(
        progress.keepsPayloads()
            ? text.getBytes(StandardCharsets.UTF_8)
            : PendingMessages.NOT_KEPT);
  }

  /**
   * Counts one text message, as {@link #onText(String)} does. The bytes are copied only if there is
   * a {@link dev.tally.chat.spi.MessageListener}, or the store keeps messages.
   *
   * @param utf8 holds the payload, which must be valid UTF-8; not kept after the call
   * @param from index of the payload's first byte
   * @param to index after its last byte
   */
  public void onText(byte[] utf8, int from, int to) {
    count(progress.keepsPayloads() ? Arrays.copyOfRange(utf8, from, to) : PendingMessages.NOT_KEPT);
  }

  private void count(byte[] payload) {
    shared.metrics().received();
    Taken taken = take(payload);
    while (taken == Taken.MAKE_ROOM) {
      // Without the lock: another session may have to close, and it may be closing this one.
      shared.budget().makeRoom(this, pendingBytes() + PendingMessages.cost(payload));
      taken = take(payload);
    }
    if (taken == Taken.COMMIT) {
      shared.store().commit(this);
    }
  }

  private synchronized Taken take(byte[] payload) {
    if (isLeaving()) {
      shared.counters().countUnacknowledged(1);
      return Taken.NOTHING;
    }
    switch (progress.add(shared.time().nanos(), payload)) {
      case BUDGET_IS_FULL -> {
        return Taken.MAKE_ROOM;
      }
      case SESSION_IS_FULL -> {
        shared.counters().countUnacknowledged(1);
        tryAgainLater(TOO_MUCH_WAITS);
        return Taken.NOTHING;
      }
      case TAKEN -> {}
    }
    return state == State.OPEN && enqueue() ? Taken.COMMIT : Taken.NOTHING;
  }

  /** What its messages take of the budget. */
  synchronized long pendingBytes() {
    return progress.pendingBytes();
  }

  /**
   * Makes room for others: closes with 1013 and drops the messages that wait. A commit of theirs
   * may be on its way to the store; {@link #acknowledge} allows for that.
   */
  synchronized void makeRoom() {
    tryAgainLater(TOO_MUCH_WAITS);
    dropPending();
  }

  /**
   * The connection ended, whichever side ended it. Calls after the first one do nothing.
   *
   * @param code the status code of the close frame that was received, or {@link
   *     CloseCode#ABNORMAL}'s if there was none. If this server sent a close frame first, its code
   *     is reported in place of this one.
   */
  public void onClose(int code) {
    boolean last;
    synchronized (this) {
      if (state == State.CLOSED) {
        return;
      }
      CloseCode ours = closing.code();
      int reported = ours == null ? code : ours.code();
      state = State.CLOSED;
      shared.metrics().closed(reported);
      transport.closed(
          reported, progress.total(), Duration.ofMillis(shared.time().millis() - connectedMillis));
      last = progress.hasLease() && !superseded && !lastCommitStored && enqueue();
      if ((!last && !queued) || !shared.budget().keepsEnded()) {
        dropPending();
      }
    }
    shared.onEnd().accept(this);
    if (last) {
      shared.store().commit(this);
    }
  }

  /**
   * Closes the connection for a reason that its owner found, such as a rate limit. What is
   * acknowledged stays counted. The client's next welcome says which of its other messages were
   * counted. Does nothing if a close frame was sent before.
   *
   * @param code the status code
   * @param reason a short text for people; it is cut to 123 bytes of UTF-8, the most that a close
   *     frame can carry, at the end of a character
   * @throws IllegalArgumentException if the code is one that must not be sent
   */
  public void refuse(CloseCode code, String reason) {
    if (code == CloseCode.NO_STATUS || code == CloseCode.ABNORMAL) {
      throw new IllegalArgumentException(code.code() + " must not be sent in a close frame");
    }
    close(code, reason);
  }

  private synchronized void close(CloseCode code, String reason) {
    if (!isOver()) {
      state = State.CLOSING;
      closing.close(code, reason);
    }
  }

  /** Whether our close frame was sent, or the connection ended. */
  private boolean isOver() {
    return state.compareTo(State.CLOSING) >= 0;
  }

  /** Whether no further message is counted. */
  boolean isLeaving() {
    return state.compareTo(State.LEAVING) >= 0;
  }

  /** Whether the client still waits for the lease. */
  boolean isOpening() {
    return state == State.OPENING;
  }

  /**
   * The store gave the lease.
   *
   * @return false if the client no longer waits for it
   */
  boolean opened(Lease given) {
    boolean commit;
    synchronized (this) {
      if (state != State.OPENING) {
        return false;
      }
      progress.begin(given, shared.time().millis());
      shared.metrics().sessionOpened(given);
      transport.opened(given);
      if (subprotocol == Subprotocol.TALLY_V1) {
        transport.send(
            Reply.welcome(
                id,
                given.resumed(),
                given.count(),
                shared.settings().sessionTtl(),
                shared.settings().heartbeat(),
                identity.expiresIn(shared.time().millis())));
      }
      // Only after the welcome was sent: a push takes no lock, and must not come before it.
      state = State.OPEN;
      commit = progress.isBehind() && enqueue();
    }
    if (commit) {
      shared.store().commit(this);
    }
    return true;
  }

  /** The epoch of the lease, or 0 while there is none. */
  long epoch() {
    return progress.epoch();
  }

  /** A newer connection owns the session: closes with 4001. */
  synchronized void supersede() {
    if (superseded) {
      return;
    }
    superseded = true;
    if (closing.code() == null) {
      shared.counters().countSuperseded();
    }
    if (!queued) {
      // If it is queued, a commit may be on its way that the store takes before it gives the newer
      // lease. Its answer says so, and then these messages are counted.
      dropPending();
    }
    close(CloseCode.SUPERSEDED, CloseCode.SUPERSEDED.reason());
  }

  /** What to store now; null if nothing is to be stored, and then the session left the queue. */
  synchronized @Nullable Commit nextCommit() {
    Commit commit = superseded ? null : progress.commit(identity.subject(), isLeaving());
    if (commit == null) {
      queued = false;
      dropPending();
    }
    return commit;
  }

  /**
   * The store's answer to {@link #nextCommit}. Messages may have come since then, or the state may
   * have changed.
   *
   * @return whether the session stays in the queue, because something is still to be stored
   */
  synchronized boolean answered(Commit commit, CommitResult result) {
    switch (result) {
      case STORED -> acknowledge(commit);
      case SUPERSEDED -> supersede();
      case UNAVAILABLE -> {}
    }
    queued =
        !superseded
            && switch (result) {
              case STORED -> progress.isBehind() || (isLeaving() && !commit.last());
              case SUPERSEDED -> false;
              case UNAVAILABLE -> state != State.CLOSED;
            };
    if (superseded || (result == CommitResult.UNAVAILABLE && state == State.CLOSED)) {
      // The client was told of none of these counts. Its next welcome says which are missing.
      dropPending();
    }
    if (result == CommitResult.UNAVAILABLE) {
      leaveIfAllIsAcknowledged();
    }
    return queued;
  }

  /** Takes the session out of the queue although it is not stored; the next sweep adds it again. */
  synchronized void retryLater() {
    queued = false;
  }

  private void acknowledge(Commit commit) {
    long nowNanos = shared.time().nanos();
    while (progress.isBehind(commit.count())) {
      long receivedNanos = progress.oldestNanos();
      byte[] payload = progress.advance();
      if (isOver()) {
        // Too late for a reply. The client's next welcome says that it was counted.
        shared.counters().countUnacknowledged(1);
      } else {
        transport.send(Reply.count(progress.stored()));
        shared.metrics().acknowledged(nowNanos - receivedNanos);
      }
      if (shared.listener().listens()) {
        shared
            .listener()
            .onCounted(key, progress.stored(), new String(payload, StandardCharsets.UTF_8));
      }
    }
    progress.stored(commit.count(), TimeUnit.NANOSECONDS.toMillis(nowNanos));
    lastCommitStored = commit.last();
    if (commit.last() && state == State.LEAVING) {
      leave();
    }
  }

  private void sayBye(Duration retryAfter) {
    if (!isOver()) {
      state = State.CLOSING;
      closing.bye(progress.total(), retryAfter);
    }
  }

  /** Closes, because nothing of the session is on its way to the store any more. */
  private void leave() {
    if (expired) {
      close(CloseCode.TOKEN_EXPIRED, CloseCode.TOKEN_EXPIRED.reason());
    } else {
      sayBye(drainRetryAfter);
    }
  }

  /**
   * Closes although the last commit was not answered, if no message waits for it: then that commit
   * would only have said when the client left.
   */
  private void leaveIfAllIsAcknowledged() {
    if (state == State.LEAVING && !progress.isBehind()) {
      leave();
    }
  }

  /**
   * Sends a message that is no reply, if the session is open. Takes no lock: listeners are called
   * under the lock of their session, and two of them that push to each other's session would
   * deadlock.
   */
  boolean push(Reply reply) {
    if (state != State.OPEN) {
      return false;
    }
    transport.send(reply);
    return true;
  }

  /**
   * Closes with 1013 if the store has kept the client waiting for too long, and renews the session
   * in the store long before it expires there. Called about twice a second.
   */
  void sweep(long nowMillis) {
    boolean commit = false;
    synchronized (this) {
      if (state == State.OPENING) {
        if (nowMillis - connectedMillis > shared.settings().openTimeout().toMillis()) {
          tryAgainLater(shared.store().trouble());
        }
      } else if (state == State.OPEN) {
        if (progress.hasWaited(nowMillis, shared.settings().commitTimeout())) {
          tryAgainLater(shared.store().trouble());
        } else {
          commit = (progress.isRenewalDue(nowMillis) || progress.isBehind()) && enqueue();
        }
      } else if (state == State.LEAVING) {
        commit = enqueue();
        if (expired && progress.hasWaited(nowMillis, shared.settings().commitTimeout())) {
          leave();
        } else if (shared.store().isAway()) {
          leaveIfAllIsAcknowledged();
        }
      }
    }
    if (commit) {
      shared.store().commit(this);
    }
  }

  /**
   * Tells a {@code tally.v1} client when it will be closed, so that it can move before that.
   *
   * @return false if the client does not speak {@code tally.v1} or its session is not open
   */
  synchronized boolean announceDrain(Duration retryAfter, Duration closeIn) {
    return state == State.OPEN && closing.announce(progress.stored(), retryAfter, closeIn);
  }

  /**
   * Counts no further message, stores the last count, then says bye and closes with 1001. While the
   * store is away, a client that has a reply to every message does not wait for it.
   */
  void drain(Duration retryAfter) {
    boolean commit = false;
    synchronized (this) {
      if (!isLeaving()) {
        drainRetryAfter = retryAfter;
        commit = beginToLeave();
      }
    }
    if (commit) {
      shared.store().commit(this);
    }
  }

  /**
   * Whether the client's identity has expired, and the session takes messages all the same. It does
   * for a while: the expiry is a time on the clock of another machine.
   */
  boolean hasExpired(long nowMillis) {
    return !isLeaving() && identity.hasExpired(nowMillis, shared.settings().expiryLeeway());
  }

  /**
   * Counts no further message, stores the last count, then closes with 4401.
   *
   * @return false if the session was leaving before
   */
  boolean expire() {
    boolean commit;
    synchronized (this) {
      if (isLeaving()) {
        return false;
      }
      expired = true;
      commit = beginToLeave();
    }
    if (commit) {
      shared.store().commit(this);
    }
    return true;
  }

  /** As {@link #enqueue}, for the last commit; a session that is not open has none. */
  private boolean beginToLeave() {
    if (state == State.OPENING) {
      leave();
      return false;
    }
    state = State.LEAVING;
    boolean commit = enqueue();
    if (shared.store().isAway()) {
      leaveIfAllIsAcknowledged();
    }
    return commit;
  }

  /** Whether its client acts for this subject. */
  boolean isOf(Subject subject) {
    return identity.subject().isPresent() && identity.subject().get().equals(subject);
  }

  /**
   * Closes with 4403.
   *
   * @return false if a close frame was sent before, or the connection ended
   */
  synchronized boolean kick() {
    if (isOver()) {
      return false;
    }
    close(CloseCode.KICKED, CloseCode.KICKED.reason());
    return true;
  }

  /** Says bye and closes with 1001 although messages wait, because the drain timeout is over. */
  synchronized void endDrain() {
    if (!isOver()) {
      sayBye(shared.retryHints().next());
    }
  }

  /** Marks the session as queued. A caller that gets true must hand it to the store. */
  private boolean enqueue() {
    boolean added = !queued;
    queued = true;
    return added;
  }

  /** Closes with 1013 because the store cannot serve the client now. */
  synchronized void tryAgainLater(String detail) {
    if (!isOver()) {
      state = State.CLOSING;
      closing.tryAgainLater(shared.retryHints().next(), detail);
    }
  }

  private void dropPending() {
    int dropped = progress.drop();
    if (dropped > 0) {
      shared.counters().countUnacknowledged(dropped);
    }
  }
}
