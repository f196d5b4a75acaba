package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.ForwardingStore;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/** A store that blocks, and whose batches can be held up while they fly. */
final class HeldStore extends ForwardingStore {

  private final Semaphore flying = new Semaphore(0);
  private final BlockingQueue<Boolean> answers = new LinkedBlockingQueue<>();
  private volatile boolean holdsOpens;
  private volatile boolean holdsCommits;

  HeldStore(SessionStore delegate) {
    super(delegate);
  }

  /** From now on batches of opens wait for an answer of the test. */
  void holdOpens(boolean hold) {
    holdsOpens = hold;
  }

  /** From now on commits are stored, but their answers wait for the test. */
  void holdCommits(boolean hold) {
    holdsCommits = hold;
  }

  /** Waits until a batch is held. */
  void awaitFlying() {
    flying.acquireUninterruptibly();
  }

  /** Lets a held batch go on. */
  void answer() {
    answers.add(true);
  }

  /** The held batch is never answered: opens were not done, commits were. */
  void loseAnswer() {
    answers.add(false);
  }

  @Override
  public List<Optional<Lease>> openAll(List<SessionId> ids) {
    if (holdsOpens) {
      hold();
    }
    return super.openAll(ids);
  }

  @Override
  public List<CommitResult> commitAll(List<Commit> commits) {
    List<CommitResult> results = super.commitAll(commits);
    if (holdsCommits) {
      hold();
    }
    return results;
  }

  private void hold() {
    flying.release();
    try {
      if (!answers.take()) {
        throw new StoreUnavailableException("not answered by the test");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreUnavailableException("closed", e);
    }
  }
}
