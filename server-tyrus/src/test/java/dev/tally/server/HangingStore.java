package dev.tally.server;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.testing.ForwardingStore;
import java.util.concurrent.CountDownLatch;

/** A store whose calls, from some moment on, do not return until it is told to go on. */
final class HangingStore extends ForwardingStore {

  private final CountDownLatch goOn = new CountDownLatch(1);
  private volatile boolean hanging;

  HangingStore() {
    super(RunningServer.memory());
  }

  void hang() {
    hanging = true;
  }

  void goOn() {
    goOn.countDown();
  }

  private void pass() {
    if (hanging) {
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("the server has ended", e);
      }
    }
  }

  @Override
  public Lease open(SessionId id) {
    pass();
    return super.open(id);
  }

  @Override
  public CommitResult commit(Commit commit) {
    pass();
    return super.commit(commit);
  }

  @Override
  public void checkHealth() {
    pass();
    super.checkHealth();
  }
}
