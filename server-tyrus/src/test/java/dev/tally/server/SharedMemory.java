package dev.tally.server;

import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;

/** Memory that servers see as a store outside the process: of several servers, and off-thread. */
public final class SharedMemory implements SessionStore {

  private final InMemorySessionStore memory = RunningServer.memory();

  @Override
  public Lease open(SessionId id) {
    return memory.open(id);
  }

  @Override
  public CommitResult commit(Commit commit) {
    return memory.commit(commit);
  }
}
