package dev.tally.server.grizzly;

import dev.tally.server.websocket.BudgetShare;
import dev.tally.server.websocket.Liveness;
import dev.tally.server.websocket.ReaderContext;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.NIOTransport;
import org.glassfish.grizzly.nio.SelectorHandler;
import org.glassfish.grizzly.nio.SelectorRunner;
import org.jspecify.annotations.Nullable;

/**
 * One selector's thread as its connections see it: the buffers that they share, because only one of
 * them has its turn at a time, and the way in for other threads. A connection is in the queue at
 * most once, and one wake-up serves all that have gathered until it is answered.
 */
final class SelectorLoop {

  /** What gets turns. */
  interface Member {

    /** Called on the selector's thread, some time after {@link SelectorLoop#enqueue}. */
    void takeTurn();
  }

  private static final int BUFFER_BYTES = 16 * 1024;

  /** Then the sockets that can be read come first. About a millisecond's work. */
  private static final int TURNS_AT_ONCE = 64;

  private final SelectorRunner runner;
  private final Thread thread;
  private final SelectorHandler handler;
  private final ConcurrentLinkedQueue<Member> waiting = new ConcurrentLinkedQueue<>();
  private final SelectorHandler.Task task =
      () -> {
        giveTurns();
        return true;
      };
  private final AtomicBoolean awake = new AtomicBoolean();
  private final byte[] input = new byte[BUFFER_BYTES];
  private final ByteBuffer inputBuffer = ByteBuffer.wrap(input);
  private final ByteBuffer output = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final ReaderContext readerContext;
  private final BudgetShare replies;
  private final Liveness clock;
  private volatile boolean overdueWanted;
  private long overdueMessages;
  private long overdueReplies;
  private @Nullable Member current;

  /** Made on the selector's own thread. */
  SelectorLoop(
      NIOConnection connection, ReaderContext readerContext, BudgetShare replies, Liveness clock) {
    this.runner = connection.getSelectorRunner();
    this.thread = Thread.currentThread();
    this.handler = ((NIOTransport) connection.getTransport()).getSelectorHandler();
    this.readerContext = readerContext;
    this.replies = replies;
    this.clock = clock;
  }

  /** How many selectors there are. */
  static int selectors(NIOConnection connection) {
    return ((NIOTransport) connection.getTransport()).getSelectorRunnersCount();
  }

  /** {@link Liveness#now}. */
  long now() {
    return clock.now();
  }

  /** What the connections' frame readers share. For the selector's thread. */
  ReaderContext readerContext() {
    return readerContext;
  }

  /** Its share of the budget for what waits for readers. For the selector's thread. */
  BudgetShare replies() {
    return replies;
  }

  /**
   * Evicts what has been held for too long. From any thread.
   *
   * @param messages the last {@link #now} that is too long ago for a message to have begun
   * @param replies the same for a reader to have read something last
   */
  void evictOverdue(long messages, long replies) {
    overdueMessages = messages;
    overdueReplies = replies;
    overdueWanted = true;
    wakeUp();
  }

  /** What a read fills; for the connection that has its turn. */
  byte[] input() {
    return input;
  }

  /** {@link #input()}, cleared. */
  ByteBuffer inputBuffer() {
    return inputBuffer.clear();
  }

  /** What goes out at the end of the turn; empty between two turns. */
  ByteBuffer output() {
    return output;
  }

  /** A member's turn begins. On the selector's thread. */
  void begin(Member member) {
    current = member;
  }

  /** The turn is over, and everything in the output buffer is sent. */
  void end() {
    current = null;
    output.clear();
  }

  /** Whether the calling thread is this one and it is that connection's turn. */
  boolean isTurnOf(Member member) {
    return Thread.currentThread() == thread && current == member;
  }

  /** Gives the connection a turn soon. From any thread; the connection is not in the queue yet. */
  void enqueue(Member member) {
    waiting.add(member);
    wakeUp();
  }

  private void wakeUp() {
    if (awake.compareAndSet(false, true)) {
      handler.enque(runner, task, null);
    }
  }

  private void giveTurns() {
    awake.set(false);
    if (overdueWanted) {
      overdueWanted = false;
      readerContext.messages().evictOverdue(overdueMessages);
      replies.evictOverdue(overdueReplies);
    }
    for (int turn = 0; turn < TURNS_AT_ONCE; turn++) {
      Member next = waiting.poll();
      if (next == null) {
        return;
      }
      next.takeTurn();
    }
    if (!waiting.isEmpty()) {
      // From this thread Grizzly puts it behind the next look at the sockets.
      wakeUp();
    }
  }
}
