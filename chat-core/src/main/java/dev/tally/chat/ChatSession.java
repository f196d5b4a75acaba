package dev.tally.chat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
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
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection's part in a session. Its states, in their order:
 *
 * <ol>
 *   <li>OPENING: the store is asked for the lease; messages wait
 *   <li>OPEN: messages are counted
 *   <li>DRAINING: nothing more is counted, and the last count is being stored
 *   <li>CLOSING: our close frame is on its way; the store may still get the last count
 *   <li>CLOSED: the connection ended
 * </ol>
 *
 * <p>The transport's owner calls {@link #onText} for every text message, in order, and {@link
 * #onClose} once. All methods are safe from any thread and never block.
 *
 * <p>The race that shapes this class: the store's answer to a commit comes on another thread, while
 * messages, a drain, a newer connection or the end of this one come on theirs. So every change of
 * state happens under the session's lock, the store is called without it, and an answer is compared
 * with what holds when it comes.
 */
public final class ChatSession {

  private enum State {
    OPENING,
    OPEN,
    DRAINING,
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
      SessionCounts counts,
      Store store,
      Consumer<ChatSession> onEnd) {}

  /** What a session asks of the store's side. */
  interface Store {

    /**
     * Stores the news of a session: at once, or with the next batch. The session is marked as
     * queued, and its lock is not held.
     */
    void commit(ChatSession session);

    /** Whether the store answered before, and does not now. */
    boolean isAway();

    /** Why the store serves no client, as a sentence for the client. */
    String trouble();
  }

  /** What became of a message. */
  private enum Taken {
    /** The session has something to store, and is marked as queued. */
    NEWS,
    /** It waits in the queue already, or is given up. */
    DONE,
    NO_ROOM
  }

  private static final String TOO_MUCH_WAITS = "too many messages wait for the session store";

  private final Shared shared;
  private final SessionId id;
  private final Subprotocol subprotocol;
  private final Transport transport;
  private final long connectedMillis;

  // Everything below is guarded by this; what is volatile is read without, too.
  private final PendingMessages pending;
  private final Farewell farewell;
  private volatile State state = State.OPENING;
  private volatile @Nullable Lease lease;
  private long stored;
  private long storedMillis;
  private boolean renewed;
  private boolean queued;
  private boolean superseded;
  private boolean released;
  private Duration drainRetryAfter = Duration.ZERO;

  ChatSession(Shared shared, SessionId id, Subprotocol subprotocol, Transport transport) {
    this.shared = shared;
    this.id = id;
    this.subprotocol = subprotocol;
    this.transport = transport;
    this.connectedMillis = shared.time().millis();
    this.farewell = new Farewell(transport, subprotocol);
    this.pending = new PendingMessages(shared.listener().listens());
  }

  /**
   * Names the session.
   *
   * @return the id that the client may resume with
   */
  public SessionId id() {
    return id;
  }

  /**
   * Counts one text message. The reply follows through the transport once the count is stored;
   * messages that come after a close or bye are not counted.
   *
   * @param text the payload; only a {@link dev.tally.chat.spi.MessageListener} sees what is in it
   */
  public void onText(String text) {
    count(
        pending.keepsPayloads() ? text.getBytes(StandardCharsets.UTF_8) : PendingMessages.NOT_KEPT);
  }

  /**
   * Counts one text message, as {@link #onText(String)} does. It is copied only if there is a
   * {@link dev.tally.chat.spi.MessageListener}.
   *
   * @param utf8 has the payload, which must be valid UTF-8; not kept
   * @param from where the payload begins
   * @param to behind its last byte
   */
  public void onText(byte[] utf8, int from, int to) {
    count(pending.keepsPayloads() ? Arrays.copyOfRange(utf8, from, to) : PendingMessages.NOT_KEPT);
  }

  private void count(byte[] payload) {
    shared.metrics().received();
    Taken taken = take(payload);
    while (taken == Taken.NO_ROOM) {
      shared.budget().makeRoom(this, pendingBytes() + PendingMessages.cost(payload));
      taken = take(payload);
    }
    if (taken == Taken.NEWS) {
      shared.store().commit(this);
    }
  }

  private synchronized Taken take(byte[] payload) {
    if (isLeaving()) {
      shared.counts().countUnacknowledged(1);
      return Taken.DONE;
    }
    long cost = PendingMessages.cost(payload);
    boolean hasItsShare =
        pending.size() >= shared.settings().maxPendingMessages()
            || (!pending.isEmpty() && pending.bytes() + cost > shared.budget().share());
    if (hasItsShare) {
      shared.counts().countUnacknowledged(1);
      tryAgainLater(TOO_MUCH_WAITS);
      return Taken.DONE;
    }
    if (!shared.budget().take(cost)) {
      return Taken.NO_ROOM;
    }
    pending.add(shared.time().nanos(), payload);
    return state == State.OPEN && enqueue() ? Taken.NEWS : Taken.DONE;
  }

  /** What its messages take of the budget. */
  synchronized long pendingBytes() {
    return pending.bytes();
  }

  /**
   * Makes room for others: drops its messages at once. A commit of theirs may be on its way to the
   * store; {@link #acknowledge} allows for that.
   */
  synchronized void giveWay() {
    tryAgainLater(TOO_MUCH_WAITS);
    dropPending();
  }

  /**
   * The connection ended, whoever ended it.
   *
   * @param code the status code that was seen, or {@link CloseCode#ABNORMAL}'s where there was none
   */
  public void onClose(int code) {
    boolean last;
    synchronized (this) {
      if (state == State.CLOSED) {
        return;
      }
      CloseCode ours = farewell.code();
      int reported = ours == null ? code : ours.code();
      state = State.CLOSED;
      shared.metrics().closed(reported);
      transport.closed(
          reported,
          lease == null ? OptionalLong.empty() : OptionalLong.of(stored),
          Duration.ofMillis(shared.time().millis() - connectedMillis));
      last = lease != null && !superseded && !released && enqueue();
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
   * Ends the connection for a reason that the server found, such as a rate limit. What is
   * acknowledged stays; the rest is not counted or found in the next welcome.
   *
   * @param code the status code
   * @param reason for people; what is above 123 bytes of UTF-8, the most that a close frame takes,
   *     is cut off at the end of a character
   * @throws IllegalArgumentException if the code is one that is never sent
   */
  public void refuse(CloseCode code, String reason) {
    if (code == CloseCode.NO_STATUS || code == CloseCode.ABNORMAL) {
      throw new IllegalArgumentException(code.code() + " is never sent");
    }
    close(code, reason);
  }

  private synchronized void close(CloseCode code, String reason) {
    if (!isOver()) {
      state = State.CLOSING;
      farewell.close(code, reason);
    }
  }

  /** Whether our close frame went out, or the connection ended. */
  private boolean isOver() {
    return state.compareTo(State.CLOSING) >= 0;
  }

  /** Whether no message is counted any more. */
  private boolean isLeaving() {
    return state.compareTo(State.DRAINING) >= 0;
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
    boolean news;
    synchronized (this) {
      if (state != State.OPENING) {
        return false;
      }
      lease = given;
      stored = given.count();
      storedMillis = shared.time().millis();
      shared.metrics().sessionOpened(given);
      transport.opened(given);
      if (subprotocol == Subprotocol.TALLY_V1) {
        transport.send(
            Reply.welcome(
                id,
                given.resumed(),
                given.count(),
                shared.settings().sessionTtl(),
                shared.settings().heartbeat()));
      }
      // Only now: a push, which needs no lock, must not overtake the welcome.
      state = State.OPEN;
      news = !pending.isEmpty() && enqueue();
    }
    if (news) {
      shared.store().commit(this);
    }
    return true;
  }

  /** The epoch of the lease, or 0 while there is none. */
  long epoch() {
    Lease held = lease;
    return held == null ? 0 : held.epoch();
  }

  /** A newer connection owns the session. */
  synchronized void supersede() {
    if (superseded) {
      return;
    }
    superseded = true;
    if (farewell.code() == null) {
      shared.counts().countSuperseded();
    }
    if (!queued) {
      // If it is queued, a commit may be on its way, and the store may still answer that it came
      // before the newer lease: then these messages are counted.
      dropPending();
    }
    close(CloseCode.SUPERSEDED, CloseCode.SUPERSEDED.reason());
  }

  /** What to store now; null if there is nothing, and the session is out of the queue then. */
  synchronized @Nullable Commit nextCommit() {
    Lease held = lease;
    if (held == null || superseded) {
      queued = false;
      dropPending();
      return null;
    }
    return new Commit(held, stored + pending.size(), isLeaving());
  }

  /**
   * The store's answer to {@link #nextCommit}.
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
              case STORED -> !pending.isEmpty() || (isLeaving() && !commit.last());
              case SUPERSEDED -> false;
              case UNAVAILABLE -> state != State.CLOSED;
            };
    if (superseded || (result == CommitResult.UNAVAILABLE && state == State.CLOSED)) {
      // The client was told of none of these counts. Its next welcome says which are missing.
      dropPending();
    }
    if (result == CommitResult.UNAVAILABLE) {
      leaveIfNothingIsOwed();
    }
    return queued;
  }

  /** Takes the session out of the queue although it has news; the next sweep adds it again. */
  synchronized void retryLater() {
    queued = false;
  }

  private void acknowledge(Commit commit) {
    long nowNanos = shared.time().nanos();
    storedMillis = TimeUnit.NANOSECONDS.toMillis(nowNanos);
    while (stored < commit.count() && !pending.isEmpty()) {
      stored++;
      long receivedNanos = pending.oldestNanos();
      byte[] payload = pending.removeOldest();
      shared.budget().release(1, PendingMessages.cost(payload));
      if (isOver()) {
        // Too late for a reply. The client's next welcome says that it was counted.
        shared.counts().countUnacknowledged(1);
      } else {
        transport.send(Reply.count(stored));
        shared.metrics().acknowledged(nowNanos - receivedNanos);
      }
      if (pending.keepsPayloads()) {
        shared.listener().onCounted(id, stored, new String(payload, StandardCharsets.UTF_8));
      }
    }
    // Messages that gave way while the commit was on its way are stored all the same.
    stored = Math.max(stored, commit.count());
    renewed = true;
    released = commit.last();
    if (commit.last() && state == State.DRAINING) {
      sayBye(drainRetryAfter);
    }
  }

  private void sayBye(Duration retryAfter) {
    if (!isOver()) {
      state = State.CLOSING;
      farewell.bye(lease == null ? OptionalLong.empty() : OptionalLong.of(stored), retryAfter);
    }
  }

  /**
   * Closes in a drain although the last commit was not answered: it would only have said when the
   * client left.
   */
  private void leaveIfNothingIsOwed() {
    if (state == State.DRAINING && pending.isEmpty()) {
      sayBye(drainRetryAfter);
    }
  }

  /**
   * Sends what answers no message, if the session is open. Takes no lock: listeners are called
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
   * Turns the client away if the store has kept it waiting for too long, and renews the session in
   * the store well before its time to live is over. Call about twice a second.
   */
  void sweep(long nowMillis) {
    boolean due = false;
    synchronized (this) {
      if (state == State.OPENING) {
        if (nowMillis - connectedMillis > shared.settings().openTimeout().toMillis()) {
          tryAgainLater(shared.store().trouble());
        }
      } else if (state == State.OPEN) {
        if (hasWaited(nowMillis, shared.settings().commitTimeout())) {
          tryAgainLater(shared.store().trouble());
        } else {
          boolean renew = nowMillis - storedMillis > keptFor().toMillis() / 4;
          due = (renew || !pending.isEmpty()) && enqueue();
        }
      } else if (state == State.DRAINING) {
        due = enqueue();
        if (shared.store().isAway()) {
          leaveIfNothingIsOwed();
        }
      }
    }
    if (due) {
      shared.store().commit(this);
    }
  }

  /** How long the store keeps the session if it hears nothing of it. */
  private Duration keptFor() {
    Duration ttl = shared.settings().sessionTtl();
    Duration unusedTtl = shared.settings().unusedSessionTtl();
    return renewed || stored > 0 || ttl.compareTo(unusedTtl) < 0 ? ttl : unusedTtl;
  }

  /** Whether a message waits for so long, and the store has taken nothing in all that time. */
  private boolean hasWaited(long nowMillis, Duration timeout) {
    if (pending.isEmpty()) {
      return false;
    }
    long oldestMillis = TimeUnit.NANOSECONDS.toMillis(pending.oldestNanos());
    return nowMillis - Math.max(oldestMillis, storedMillis) > timeout.toMillis();
  }

  /** Tells a {@code tally.v1} client of the drain; whether there was one to tell. */
  synchronized boolean announceLeave(Duration retryAfter, Duration closeIn) {
    return state == State.OPEN && farewell.announce(stored, retryAfter, closeIn);
  }

  /**
   * Counts nothing more, stores the last count, then says bye and closes with 1001. While the store
   * is away, a client that has a reply to every message does not wait for it.
   */
  void leave(Duration retryAfter) {
    boolean last = false;
    synchronized (this) {
      if (state == State.OPENING) {
        sayBye(retryAfter);
      } else if (state == State.OPEN) {
        state = State.DRAINING;
        drainRetryAfter = retryAfter;
        last = enqueue();
        if (shared.store().isAway()) {
          leaveIfNothingIsOwed();
        }
      }
    }
    if (last) {
      shared.store().commit(this);
    }
  }

  /**
   * Closes with 1001 although the last count may not be stored, because the drain's time is over.
   */
  synchronized void abandon() {
    if (!isOver()) {
      sayBye(shared.retryHints().next());
    }
  }

  private boolean enqueue() {
    boolean added = !queued;
    queued = true;
    return added;
  }

  /** Turns the client away because the store cannot serve it now. */
  synchronized void tryAgainLater(String detail) {
    if (!isOver()) {
      state = State.CLOSING;
      farewell.tryAgainLater(shared.retryHints().next(), detail);
    }
  }

  private void dropPending() {
    if (pending.isEmpty()) {
      return;
    }
    int dropped = pending.size();
    shared.budget().release(dropped, pending.bytes());
    shared.counts().countUnacknowledged(dropped);
    pending.clear();
  }
}
