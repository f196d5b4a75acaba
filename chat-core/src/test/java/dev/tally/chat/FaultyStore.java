package dev.tally.chat;

import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import java.util.concurrent.atomic.AtomicInteger;

/** A store that blocks, as a store behind a network does, and that can be taken down. */
final class FaultyStore implements SessionStore {

  private final SessionStore delegate;
  private final AtomicInteger refusals = new AtomicInteger();
  private volatile boolean down;
  private volatile boolean answersGetLost;

  FaultyStore(SessionStore delegate) {
    this.delegate = delegate;
  }

  /** Whether nothing gets through. */
  void setDown(boolean down) {
    this.down = down;
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
    refuseIf(down);
    Lease lease = delegate.open(id);
    refuseIf(answersGetLost);
    return lease;
  }

  @Override
  public CommitResult commit(Commit commit) {
    refuseIf(down);
    CommitResult result = delegate.commit(commit);
    refuseIf(answersGetLost);
    return result;
  }

  @Override
  public void checkHealth() {
    refuseIf(down);
  }

  private void refuseIf(boolean refused) {
    if (refused) {
      refusals.incrementAndGet();
      throw new StoreUnavailableException("taken down by the test");
    }
  }
}
