package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.ForwardingStore;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A store that blocks, as a store behind a network does, and that can be taken down, as a whole or
 * in part.
 */
final class FaultyStore extends ForwardingStore {

  private final AtomicInteger refusals = new AtomicInteger();
  private final Set<SessionId> away = ConcurrentHashMap.newKeySet();
  private final Set<SessionId> refused = ConcurrentHashMap.newKeySet();
  private volatile boolean down;
  private volatile boolean full;
  private volatile boolean answersGetLost;

  FaultyStore(SessionStore delegate) {
    super(delegate);
  }

  /** Whether nothing gets through. */
  void setDown(boolean down) {
    this.down = down;
  }

  /** Whether it answers, but that it has no room. */
  void setFull(boolean full) {
    this.full = full;
  }

  /** Takes down the part of the store that has a session; the rest, and its health, stay up. */
  void takeAway(SessionId id) {
    away.add(id);
  }

  /** All parts are there again. */
  void bringBack() {
    away.clear();
  }

  /** Whether it was refused for a session that was taken away. */
  boolean hasRefused(SessionId id) {
    return refused.contains(id);
  }

  /** Whether what is asked is done, but the answer never comes. */
  void setAnswersGetLost(boolean answersGetLost) {
    this.answersGetLost = answersGetLost;
  }

  int refusals() {
    return refusals.get();
  }

  @Override
  public Lease open(SessionId id) {
    refuseIf(down || isAway(id));
    Lease lease = super.open(id);
    refuseIf(answersGetLost);
    return lease;
  }

  @Override
  public CommitResult commit(Commit commit) {
    refuseIf(down || isAway(commit.lease().sessionId()));
    CommitResult result = super.commit(commit);
    refuseIf(answersGetLost);
    return result;
  }

  @Override
  public void checkHealth() {
    refuseIf(down);
  }

  private boolean isAway(SessionId id) {
    boolean isAway = away.contains(id);
    if (isAway) {
      refused.add(id);
    }
    return isAway;
  }

  private void refuseIf(boolean refused) {
    if (full) {
      refusals.incrementAndGet();
      throw new StoreFullException("filled by the test");
    }
    if (refused) {
      refusals.incrementAndGet();
      throw new StoreUnavailableException("taken down by the test");
    }
  }
}
