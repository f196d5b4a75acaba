package dev.tally.server.grizzly;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.glassfish.grizzly.nio.NIOConnection;

/**
 * A connection as its selector's loop, its {@link Inbound} and its {@link Outbound} see it. Only
 * the selector's thread works on it, in turns; other threads leave something where the next turn
 * finds it, and ask for a turn. So nothing here needs a lock, and no thread waits for another.
 */
abstract class LoopConnection implements SelectorLoop.Member {

  private static final AtomicIntegerFieldUpdater<LoopConnection> QUEUED =
      AtomicIntegerFieldUpdater.newUpdater(LoopConnection.class, "queued");

  final NIOConnection socket;
  final SelectorLoop loop;
  private volatile boolean aborted;

  /** 1 while it is in the loop's queue; an object for it would be one more per connection. */
  @SuppressWarnings("UnusedVariable") // QUEUED reads it.
  private volatile int queued;

  LoopConnection(NIOConnection socket, SelectorLoop loop) {
    this.socket = socket;
    this.loop = loop;
  }

  /** Looks at all that was left for this turn. On the selector's thread. */
  abstract void onTurn();

  /** Aborts the connection and counts an error of this kind. From any thread. */
  abstract void cutOff(String kind);

  @Override
  public final void takeTurn() {
    // First: what another thread leaves from now on is for the next turn.
    queued = 0;
    onTurn();
  }

  /** Asks for a turn; in a turn of its own there is nothing to ask for. From any thread. */
  final void wantTurn() {
    if (!isTurn()) {
      enqueue();
    }
  }

  /** Whether the calling thread is the selector's and it is this connection's turn. */
  final boolean isTurn() {
    return loop.isTurnOf(this);
  }

  /** Gets one more turn, even if it has one now. From any thread. */
  final void enqueue() {
    if (QUEUED.compareAndSet(this, 0, 1)) {
      loop.enqueue(this);
    }
  }

  /**
   * Ends the connection in its next turn, without a close frame: the peer is gone, or something
   * that was to be sent is lost, so that nothing may follow it. From any thread.
   */
  final void abort() {
    aborted = true;
    enqueue();
  }

  /** Whether nothing may be sent any more, because something is lost. From any thread. */
  final boolean isAborted() {
    return aborted;
  }
}
