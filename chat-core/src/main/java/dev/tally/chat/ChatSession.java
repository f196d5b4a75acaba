package dev.tally.chat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.chat.spi.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection's part in a session: OPENING (the store is asked) → OPEN (messages are counted) →
 * LEAVING (nothing is counted any more, the last count is being stored) → CLOSED.
 *
 * <p>The transport's owner calls {@link #onText} for every text message, in order, and {@link
 * #onClose} once. All methods are safe from any thread and never block.
 */
public final class ChatSession {

  private enum State {
    OPENING,
    OPEN,
    LEAVING,
    CLOSED
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

  private final ChatHub hub;
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
  private Duration leavingRetryAfter = Duration.ZERO;

  ChatSession(
      ChatHub hub, SessionId id, Subprotocol subprotocol, Transport transport, long nowMillis) {
    this.hub = hub;
    this.id = id;
    this.subprotocol = subprotocol;
    this.transport = transport;
    this.connectedMillis = nowMillis;
    this.farewell = new Farewell(transport, subprotocol);
    this.pending = new PendingMessages(hub.listens());
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
   * @param text the payload; its content is looked at by nobody but a {@link
   *     dev.tally.chat.spi.MessageListener}
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
    hub.metrics().received();
    Taken taken = take(payload);
    while (taken == Taken.NO_ROOM) {
      hub.budget().makeRoom(this, pendingBytes() + PendingMessages.cost(payload));
      taken = take(payload);
    }
    if (taken == Taken.NEWS) {
      hub.commit(this);
    }
  }

  private synchronized Taken take(byte[] payload) {
    if (state == State.LEAVING || state == State.CLOSED) {
      hub.giveUp(1);
      return Taken.DONE;
    }
    long cost = PendingMessages.cost(payload);
    boolean hasItsShare =
        pending.size() >= hub.config().maxPendingMessages()
            || (!pending.isEmpty() && pending.bytes() + cost > hub.budget().share());
    if (hasItsShare) {
      hub.giveUp(1);
      tryAgainLater(TOO_MUCH_WAITS);
      return Taken.DONE;
    }
    if (!hub.budget().take(cost)) {
      return Taken.NO_ROOM;
    }
    pending.add(hub.time().nanos(), payload);
    return state == State.OPEN && enqueue() ? Taken.NEWS : Taken.DONE;
  }

  /** What its messages take of the budget. */
  synchronized long pendingBytes() {
    return pending.bytes();
  }

  /** Makes room for others: its messages go at once, although a commit of theirs may fly. */
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
      hub.metrics().closed(reported);
      transport.closed(
          reported,
          lease == null ? OptionalLong.empty() : OptionalLong.of(stored),
          Duration.ofMillis(hub.time().millis() - connectedMillis));
      last = lease != null && !superseded && !released && enqueue();
      if ((!last && !queued) || !hub.budget().keepsEnded()) {
        dropPending();
      }
    }
    hub.remove(this);
    if (last) {
      hub.commit(this);
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
      state = State.LEAVING;
      farewell.close(code, reason);
    }
  }

  /** Whether our close frame went out, or the connection ended. */
  private boolean isOver() {
    return farewell.code() != null || state == State.CLOSED;
  }

  /** Whether the client still waits for the lease. */
  boolean isOpening() {
    return state == State.OPENING;
  }

  /**
   * The store gave the lease.
   *
   * @return false if nobody waits for it any more
   */
  boolean opened(Lease given) {
    boolean news;
    synchronized (this) {
      if (state != State.OPENING) {
        return false;
      }
      lease = given;
      stored = given.count();
      storedMillis = hub.time().millis();
      hub.metrics().sessionOpened(given);
      transport.opened(given);
      if (subprotocol == Subprotocol.TALLY_V1) {
        transport.send(
            Reply.welcome(
                id,
                given.resumed(),
                given.count(),
                hub.config().sessionTtl(),
                hub.config().heartbeat()));
      }
      // Behind the welcome, which nothing that is pushed may overtake.
      state = State.OPEN;
      news = !pending.isEmpty() && enqueue();
    }
    if (news) {
      hub.commit(this);
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
      hub.countSuperseded();
    }
    if (!queued) {
      // Else a commit may fly, and be answered that it came before the newer lease.
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
    return new Commit(
        held, stored + pending.size(), state == State.LEAVING || state == State.CLOSED);
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
    boolean wantsLast = state == State.LEAVING || state == State.CLOSED;
    queued =
        !superseded
            && switch (result) {
              case STORED -> !pending.isEmpty() || (wantsLast && !commit.last());
              case SUPERSEDED -> false;
              case UNAVAILABLE -> state != State.CLOSED;
            };
    if (superseded || (result == CommitResult.UNAVAILABLE && state == State.CLOSED)) {
      // Nobody was told of these counts: the client finds in its next welcome which are missing.
      dropPending();
    }
    if (result == CommitResult.UNAVAILABLE) {
      leaveIfNothingIsOwed();
    }
    return queued;
  }

  /** Takes the session out of the queue although it has news; the next sweep puts it back. */
  synchronized void retryLater() {
    queued = false;
  }

  private void acknowledge(Commit commit) {
    long nowNanos = hub.time().nanos();
    storedMillis = TimeUnit.NANOSECONDS.toMillis(nowNanos);
    while (stored < commit.count() && !pending.isEmpty()) {
      stored++;
      long receivedNanos = pending.oldestNanos();
      byte[] payload = pending.removeOldest();
      hub.budget().release(1, PendingMessages.cost(payload));
      if (isOver()) {
        // The client finds in its next welcome that it was counted.
        hub.giveUp(1);
      } else {
        transport.send(Reply.count(stored));
        hub.metrics().acknowledged(nowNanos - receivedNanos);
      }
      if (pending.keepsPayloads()) {
        hub.counted(id, stored, new String(payload, StandardCharsets.UTF_8));
      }
    }
    // Messages that gave way while the commit flew are stored all the same.
    stored = Math.max(stored, commit.count());
    renewed = true;
    released = commit.last();
    if (commit.last() && state == State.LEAVING) {
      sayBye(leavingRetryAfter);
    }
  }

  private void sayBye(Duration retryAfter) {
    if (!isOver()) {
      state = State.LEAVING;
      farewell.bye(lease == null ? OptionalLong.empty() : OptionalLong.of(stored), retryAfter);
    }
  }

  /**
   * Lets a client go in a drain although its last commit, which says when it left, was not
   * answered.
   */
  private void leaveIfNothingIsOwed() {
    if (state == State.LEAVING && pending.isEmpty()) {
      sayBye(leavingRetryAfter);
    }
  }

  /**
   * Sends what answers no message, unless the session is not open yet or no more. Without the lock:
   * listeners are called under it, and two that push to each other's session must not wait.
   */
  boolean push(Reply reply) {
    if (state != State.OPEN) {
      return false;
    }
    transport.send(reply);
    return true;
  }

  /** Drops whom the store keeps waiting for too long, and renews whom it might forget. */
  void sweep(long nowMillis) {
    boolean due = false;
    synchronized (this) {
      if (state == State.OPENING) {
        if (nowMillis - connectedMillis > hub.config().openTimeout().toMillis()) {
          tryAgainLater(hub.storeTrouble());
        }
      } else if (state == State.OPEN) {
        if (hasWaited(nowMillis, hub.config().commitTimeout())) {
          tryAgainLater(hub.storeTrouble());
        } else {
          boolean renew = nowMillis - storedMillis > keptFor().toMillis() / 4;
          due = (renew || !pending.isEmpty()) && enqueue();
        }
      } else if (state == State.LEAVING && farewell.code() == null) {
        due = enqueue();
        if (hub.isStoreAway()) {
          leaveIfNothingIsOwed();
        }
      }
    }
    if (due) {
      hub.commit(this);
    }
  }

  /** Whether a message waits for so long, and the store has taken nothing in all that time. */
  /** How long the store keeps the session unless it hears of it. */
  private Duration keptFor() {
    Duration ttl = hub.config().sessionTtl();
    Duration unusedTtl = hub.config().unusedSessionTtl();
    return renewed || stored > 0 || ttl.compareTo(unusedTtl) < 0 ? ttl : unusedTtl;
  }

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
   * is away nobody waits for it who has a reply to every message.
   */
  void leave(Duration retryAfter) {
    boolean last = false;
    synchronized (this) {
      if (state == State.OPENING) {
        sayBye(retryAfter);
      } else if (state == State.OPEN) {
        state = State.LEAVING;
        leavingRetryAfter = retryAfter;
        last = enqueue();
        if (hub.isStoreAway()) {
          leaveIfNothingIsOwed();
        }
      }
    }
    if (last) {
      hub.commit(this);
    }
  }

  /** Closes with 1001 although the last count may not be stored: the drain's time is over. */
  synchronized void abandon() {
    if (!isOver()) {
      sayBye(hub.retryHints().next());
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
      state = State.LEAVING;
      farewell.tryAgainLater(hub.retryHints().next(), detail);
    }
  }

  private void dropPending() {
    if (pending.isEmpty()) {
      return;
    }
    int dropped = pending.size();
    hub.budget().release(dropped, pending.bytes());
    hub.giveUp(dropped);
    pending.clear();
  }
}
