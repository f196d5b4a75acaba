package dev.tally.server;

import dev.tally.chat.testing.ForwardingStore;

/** Memory that servers use like a store outside the process: several share it, and it blocks. */
public final class SharedMemory extends ForwardingStore {

  /** Makes an empty store. */
  public SharedMemory() {
    super(RunningServer.memory());
  }
}
