package dev.tally.server.grizzly;

import dev.tally.server.websocket.BudgetShare;
import dev.tally.server.websocket.BufferBudgets;
import dev.tally.server.websocket.FrameRate;
import dev.tally.server.websocket.Liveness;
import dev.tally.server.websocket.ReaderContext;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.SelectorRunner;

/** The loops of all selectors that have, or had, a WebSocket. Safe for concurrent use. */
final class SelectorLoops {

  private final ConcurrentHashMap<SelectorRunner, SelectorLoop> loops = new ConcurrentHashMap<>();
  private final WebSocketSettings settings;
  private final BufferBudgets budgets;
  private final FrameRate frameRate;
  private final Liveness clock;

  SelectorLoops(
      WebSocketSettings settings, BufferBudgets budgets, FrameRate frameRate, Liveness clock) {
    this.settings = settings;
    this.budgets = budgets;
    this.frameRate = frameRate;
    this.clock = clock;
  }

  /** The connection's loop. On its selector's thread. */
  SelectorLoop of(NIOConnection connection) {
    return loops.computeIfAbsent(connection.getSelectorRunner(), runner -> make(connection));
  }

  private SelectorLoop make(NIOConnection connection) {
    int selectors = SelectorLoop.selectors(connection);
    return new SelectorLoop(
        connection,
        new ReaderContext(
            settings.maxMessageBytes(),
            frameRate,
            clock,
            new BudgetShare(budgets.messages(), selectors),
            settings.retryAfter()),
        new BudgetShare(budgets.replies(), selectors),
        clock);
  }

  /**
   * Lets each loop evict what has been held for too long. From any thread.
   *
   * @param messages the last {@link Liveness#now} that is too long ago for a message to have begun
   * @param replies the same for a reader to have read something last
   */
  void evictOverdue(long messages, long replies) {
    loops.values().forEach(loop -> loop.evictOverdue(messages, replies));
  }
}
