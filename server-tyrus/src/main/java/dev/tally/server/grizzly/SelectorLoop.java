package dev.tally.server.grizzly;

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
 * them has its turn at a time, and the way in for other threads. A connection stands in the queue
 * at most once, and one wake-up serves all that have gathered until it is answered.
 */
final class SelectorLoop {

  private static final int BUFFER_BYTES = 16 * 1024;

  /** Then those who have sent something come first: about a millisecond's work. */
  private static final int TURNS_AT_ONCE = 64;

  private final SelectorRunner runner;
  private final Thread thread;
  private final SelectorHandler handler;
  private final ConcurrentLinkedQueue<WebSocketConnection> waiting = new ConcurrentLinkedQueue<>();
  private final SelectorHandler.Task task =
      () -> {
        giveTurns();
        return true;
      };
  private final AtomicBoolean awake = new AtomicBoolean();
  private final byte[] input = new byte[BUFFER_BYTES];
  private final ByteBuffer inputBuffer = ByteBuffer.wrap(input);
  private final ByteBuffer output = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final ConnectionRegistry registry;
  private final Holdings messages;
  private final Holdings replies;
  private volatile boolean overdueWanted;
  private long overdueMessages;
  private long overdueReplies;
  private @Nullable WebSocketConnection current;
  private @Nullable MessageInflater inflater;

  /** Made on the selector's own thread. */
  SelectorLoop(NIOConnection connection, ConnectionRegistry registry) {
    NIOTransport transport = (NIOTransport) connection.getTransport();
    this.runner = connection.getSelectorRunner();
    this.thread = Thread.currentThread();
    this.handler = transport.getSelectorHandler();
    this.registry = registry;
    int selectors = transport.getSelectorRunnersCount();
    this.messages = new Holdings(registry.budgets().messages(), selectors);
    this.replies = new Holdings(registry.budgets().replies(), selectors);
    registry.add(this);
  }

  /** {@link Liveness#now}. */
  long now() {
    return registry.liveness().now();
  }

  /** The reason of a close with 1013. */
  String retryHint() {
    return registry.retryHint();
  }

  /** Of messages that are not finished, or read ahead of the rate. For the selector's thread. */
  Holdings messages() {
    return messages;
  }

  /** Of what waits for readers. For the selector's thread. */
  Holdings replies() {
    return replies;
  }

  /**
   * Gives up what has been held for too long. From any thread.
   *
   * @param messages the last {@link #now} that is too long ago for a message to have begun
   * @param replies the same for a reader to have read something last
   */
  void endOverdue(long messages, long replies) {
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

  /** For the connection that has its turn; made when a compressed message comes first. */
  MessageInflater inflater() {
    MessageInflater made = inflater;
    if (made == null) {
      made = new MessageInflater();
      inflater = made;
    }
    return made;
  }

  void begin(WebSocketConnection connection) {
    current = connection;
  }

  void end() {
    current = null;
    output.clear();
  }

  /** Whether the calling thread is this one and it is that connection's turn. */
  boolean isTurnOf(WebSocketConnection connection) {
    return Thread.currentThread() == thread && current == connection;
  }

  /** Gives the connection a turn soon. From any thread; the connection is not in the queue yet. */
  void enqueue(WebSocketConnection connection) {
    waiting.add(connection);
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
      messages.endOverdue(overdueMessages);
      replies.endOverdue(overdueReplies);
    }
    for (int turn = 0; turn < TURNS_AT_ONCE; turn++) {
      WebSocketConnection next = waiting.poll();
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
