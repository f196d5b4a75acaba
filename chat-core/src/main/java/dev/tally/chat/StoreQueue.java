package dev.tally.chat;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that wait for the store, and the thread that takes all there are in one batch. While one
 * batch flies the next one gathers: batches grow with load, and nobody else waits for the store.
 *
 * <p>Those that the store did not answer for stand in a line of their own: however many they are,
 * and however long the part of the store that has them stays away, others do not wait behind them.
 *
 * <p>Bounded by its users: a session stands in a queue at most once, and sessions are bounded by
 * connections.
 */
final class StoreQueue {

  private static final Logger LOGGER = System.getLogger(StoreQueue.class.getName());
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Line waiting = new Line();
  private final Line failed = new Line();
  private final UnaryOperator<List<ChatSession>> work;
  private final int maxBatch;
  private final long maxBackoffNanos;
  private final Thread thread;
  private int flying;
  private boolean closed;

  /** Sessions in the order in which they came. Guarded by the queue's lock. */
  private static final class Line {
    final ArrayDeque<ChatSession> sessions = new ArrayDeque<>();
    long backoffNanos;

    /** When the next batch of them may fly, by {@link System#nanoTime}. */
    long dueNanos = System.nanoTime();
  }

  /**
   * Makes a queue; {@link #start} sets it to work.
   *
   * @param name the thread's name
   * @param maxBatch sessions in one batch
   * @param maxBackoff the longest pause after a batch of which nothing was answered
   * @param work takes a batch to the store, and returns those that the store did not answer for
   */
  StoreQueue(
      String name, int maxBatch, Duration maxBackoff, UnaryOperator<List<ChatSession>> work) {
    this.maxBatch = maxBatch;
    this.maxBackoffNanos = maxBackoff.toNanos();
    this.work = work;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  void add(ChatSession session) {
    lock.lock();
    try {
      waiting.sessions.add(session);
      if (waiting.sessions.size() == 1) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Sessions that wait or whose batch flies. */
  int depth() {
    lock.lock();
    try {
      return waiting.sessions.size() + failed.sessions.size() + flying;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread, after the batch that flies. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
  }

  /** One turn of the thread, for who did not {@link #start} it: a batch of each line. */
  void takeBatches() {
    takeBatch(failed);
    takeBatch(waiting);
  }

  private void run() {
    try {
      for (Line due = awaitDue(); due != null; due = awaitDue()) {
        takeBatch(due);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void takeBatch(Line line) {
    List<ChatSession> batch = take(line);
    putBack(line, batch.size(), leftOf(batch));
  }

  private List<ChatSession> leftOf(List<ChatSession> batch) {
    try {
      return work.apply(batch);
    } catch (Throwable e) {
      // Else nobody would take another batch, and nobody would hear of it.
      LOGGER.log(Level.ERROR, "a batch for the session store failed; it is tried again", e);
      return batch;
    }
  }

  /** The line whose batch flies next; null once the queue is closed. */
  private @Nullable Line awaitDue() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed) {
        long untilFailed = nanosUntilDue(failed);
        long untilWaiting = nanosUntilDue(waiting);
        if (untilFailed <= 0) {
          return failed;
        }
        if (untilWaiting <= 0) {
          return waiting;
        }
        long unused = changed.awaitNanos(Math.min(untilFailed, untilWaiting));
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** For ever, if nobody stands in it. */
  private static long nanosUntilDue(Line line) {
    return line.sessions.isEmpty() ? Long.MAX_VALUE : line.dueNanos - System.nanoTime();
  }

  private List<ChatSession> take(Line line) {
    lock.lock();
    try {
      flying = Math.min(maxBatch, line.sessions.size());
      List<ChatSession> batch = new ArrayList<>(flying);
      for (int i = 0; i < flying; i++) {
        batch.add(line.sessions.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void putBack(Line line, int taken, List<ChatSession> left) {
    lock.lock();
    try {
      flying = 0;
      failed.sessions.addAll(left);
      boolean answered = left.isEmpty() || left.size() < taken;
      line.backoffNanos =
          answered
              ? 0
              : Math.min(maxBackoffNanos, Math.max(FIRST_BACKOFF_NANOS, line.backoffNanos * 2));
      line.dueNanos = System.nanoTime() + line.backoffNanos;
    } finally {
      lock.unlock();
    }
  }
}
