package dev.tally.server;

import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import java.util.concurrent.CountDownLatch;

/** A store whose calls, from some moment on, do not return until it is told to go on. */
final class HangingStore implements SessionStore {

  private final InMemorySessionStore memory = RunningServer.memory();
  private final CountDownLatch goOn = new CountDownLatch(1);
  private volatile boolean hanging;

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
    return memory.open(id);
  }

  @Override
  public CommitResult commit(Commit commit) {
    pass();
    return memory.commit(commit);
  }

  @Override
  public void checkHealth() {
    pass();
  }
}
