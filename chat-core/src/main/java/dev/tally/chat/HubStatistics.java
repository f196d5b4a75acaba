package dev.tally.chat;

import dev.tally.chat.spi.ChatStatistics;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A hub's gauges. */
record HubStatistics(
    Connections openConnections,
    PendingBudget<ChatSession> budget,
    StoreGateway store,
    Supplier<Readiness> readiness,
    BooleanSupplier isDraining)
    implements ChatStatistics {

  @Override
  public int connections() {
    return openConnections.all().size();
  }

  @Override
  public long pendingMessages() {
    return budget.messages();
  }

  @Override
  public long pendingBytes() {
    return budget.bytes();
  }

  @Override
  public int openQueueDepth() {
    return store.openQueueDepth();
  }

  @Override
  public int commitQueueDepth() {
    return store.commitQueueDepth();
  }

  @Override
  public boolean storeUp() {
    return store.health().isUp();
  }

  @Override
  public boolean storeFull() {
    return store.health().isFull();
  }

  @Override
  public boolean ready() {
    return readiness.get().ready();
  }

  @Override
  public boolean draining() {
    return isDraining.getAsBoolean();
  }
}
