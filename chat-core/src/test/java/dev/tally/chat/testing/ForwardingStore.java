package dev.tally.chat.testing;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;

/**
 * A store that blocks and passes every call on to another one: the base of stores that a test makes
 * fail, wait or remember. A subclass overrides what differs. Batches go through {@link #open} and
 * {@link #commit}. The other store is not closed, so that several servers can share it.
 */
public class ForwardingStore implements SessionStore {

  private final SessionStore delegate;

  /**
   * Makes a store that passes every call on.
   *
   * @param delegate does the work
   */
  public ForwardingStore(SessionStore delegate) {
    this.delegate = delegate;
  }

  @Override
  public Lease open(SessionId id) {
    return delegate.open(id);
  }

  @Override
  public CommitResult commit(Commit commit) {
    return delegate.commit(commit);
  }

  @Override
  public boolean keepsMessages() {
    return delegate.keepsMessages();
  }

  @Override
  public void checkHealth() {
    delegate.checkHealth();
  }
}
