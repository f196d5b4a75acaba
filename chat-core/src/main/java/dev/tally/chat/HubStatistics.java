package dev.tally.chat;

import dev.tally.chat.spi.ChatStatistics;

/** A hub's gauges, so that the hub's own face keeps to what embedders call. */
record HubStatistics(ChatHub hub) implements ChatStatistics {

  @Override
  public int connections() {
    return hub.connectionCount();
  }

  @Override
  public long pendingMessages() {
    return hub.budget().messages();
  }

  @Override
  public long pendingBytes() {
    return hub.budget().bytes();
  }

  @Override
  public int openQueueDepth() {
    return hub.openQueueDepth();
  }

  @Override
  public int commitQueueDepth() {
    return hub.commitQueueDepth();
  }

  @Override
  public boolean storeUp() {
    return hub.isStoreUp();
  }

  @Override
  public boolean storeFull() {
    return hub.isStoreFull();
  }

  @Override
  public boolean ready() {
    return hub.readiness().ready();
  }

  @Override
  public boolean draining() {
    return hub.isDraining();
  }
}
