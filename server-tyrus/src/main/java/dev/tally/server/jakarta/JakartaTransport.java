package dev.tally.server.jakarta;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.spi.Transport;
import dev.tally.server.websocket.BufferBudget;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Session;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The way to a client through nothing but the Jakarta API, for containers other than ours. One send
 * is under way at a time, as some containers demand; the rest waits here, bounded for each
 * connection and, by the budget, for all of them.
 */
final class JakartaTransport implements Transport {

  private static final int MAX_WAITING_BYTES = 262_144;

  /**
   * What a reply takes here besides its payload: an object, and a place in a queue that doubles.
   */
  private static final int UPKEEP_BYTES = 64;

  /** How long a close waits for the replies before it. */
  private static final int CLOSE_TIMEOUT_SECONDS = 2;

  private final Session session;
  private final BufferBudget budget;
  private final Executor closer = ForkJoinPool.commonPool();
  private final ArrayDeque<Reply> waiting = new ArrayDeque<>();

  /** Sends that ended and were not followed by the next step yet; see {@link #sendNext}. */
  private final AtomicInteger steps = new AtomicInteger();

  private int waitingBytes;

  /** Of the send that is under way. */
  private int sendingBytes;

  private boolean sending;
  private boolean closed;

  /**
   * Null before the close, and once it runs. Two races for it: the last send ends, and the time for
   * that is over. The first one takes it out, so the close frame is sent once.
   */
  private @Nullable Runnable finalClose;

  JakartaTransport(Session session, BufferBudget budget) {
    this.session = session;
    this.budget = budget;
  }

  @Override
  public void send(Reply reply) {
    synchronized (this) {
      if (closed) {
        return;
      }
      int cost = cost(reply);
      if (waitingBytes + cost > MAX_WAITING_BYTES || !budget.take(cost)) {
        dropWaiting();
        // At once: the send that is under way may never end.
        closeWithin(0, CloseCode.TRY_AGAIN_LATER, "the client reads too slowly");
        return;
      }
      waiting.add(reply);
      waitingBytes += cost;
      if (sending) {
        return;
      }
      sending = true;
    }
    // Outside the lock: a container may hold a lock of its own while it sends, and while it reports
    // the end of a send, which takes ours. Held in both orders, they would deadlock.
    sendNext();
  }

  @Override
  public synchronized void close(CloseCode code, String reason) {
    if (!closed) {
      closeWithin(sending ? CLOSE_TIMEOUT_SECONDS : 0, code, reason);
    }
  }

  @Override
  public synchronized void closed(int code, OptionalLong count, Duration duration) {
    closed = true;
    dropWaiting();
    budget.release(sendingBytes);
    sendingBytes = 0;
  }

  private void dropWaiting() {
    waiting.clear();
    budget.release(waitingBytes);
    waitingBytes = 0;
  }

  private static int cost(Reply reply) {
    return reply.length() + UPKEEP_BYTES;
  }

  /** Closes once what waits was sent, or the time is over. */
  private void closeWithin(int seconds, CloseCode code, String reason) {
    closed = true;
    finalClose = () -> close(session, code, reason);
    // The container may call onClose on the closing thread, which holds the session's lock.
    CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS, closer)
        .execute(this::runFinalClose);
  }

  private void runFinalClose() {
    Runnable last;
    synchronized (this) {
      last = finalClose;
      finalClose = null;
    }
    if (last != null) {
      last.run();
    }
  }

  static void close(Session session, CloseCode code, String reason) {
    try {
      session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code.code()), reason));
    } catch (IOException e) {
      // The connection is gone already; the container reports that through onClose.
    }
  }

  /**
   * One step per send that ended. A container that ends it at once calls this from within the step:
   * such a call only counts, and the loop outside makes the next step. To call on would take a
   * frame of the stack for each waiting reply.
   */
  private void sendNext() {
    if (steps.getAndIncrement() == 0) {
      do {
        step();
      } while (steps.decrementAndGet() > 0);
    }
  }

  private void step() {
    Reply next;
    boolean closing;
    synchronized (this) {
      budget.release(sendingBytes);
      sendingBytes = 0;
      next = waiting.poll();
      closing = finalClose != null;
      if (next == null) {
        sending = false;
      } else {
        sendingBytes = cost(next);
        waitingBytes -= sendingBytes;
      }
    }
    if (next != null) {
      try {
        session.getAsyncRemote().sendText(next.text(), result -> sendNext());
      } catch (RuntimeException e) {
        // Closed in between; the container reports that through onClose.
        sendNext();
      }
    } else if (closing) {
      closer.execute(this::runFinalClose);
    }
  }
}
