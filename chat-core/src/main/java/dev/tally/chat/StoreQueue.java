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

/**
 * Sessions that wait for the store, and the thread that takes all there are in one batch. While one
 * batch flies the next one gathers: batches grow with load, and nobody else waits for the store.
 *
 * <p>Bounded by its users: a session stands in a queue at most once, and sessions are bounded by
 * connections.
 */
final class StoreQueue {

  private static final Logger LOGGER = System.getLogger(StoreQueue.class.getName());
  private static final long FIRST_BACKOFF_MILLIS = 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<ChatSession> waiting = new ArrayDeque<>();
  private final UnaryOperator<List<ChatSession>> work;
  private final int maxBatch;
  private final long maxBackoffMillis;
  private final Thread thread;
  private int flying;
  private boolean closed;

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
    this.maxBackoffMillis = maxBackoff.toMillis();
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
      waiting.add(session);
      if (waiting.size() == 1) {
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
      return waiting.size() + flying;
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

  private void run() {
    long backoffMillis = 0;
    try {
      while (awaitWork(backoffMillis)) {
        // Only when nobody was answered: one part of a store that is away must not slow the others.
        backoffMillis =
            takeBatch()
                ? 0
                : Math.min(maxBackoffMillis, Math.max(FIRST_BACKOFF_MILLIS, backoffMillis * 2));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes one batch of those that wait to the store; whether anybody was answered. */
  boolean takeBatch() {
    List<ChatSession> batch = take();
    List<ChatSession> left = leftOf(batch);
    putBack(left);
    return left.size() < batch.size();
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

  /** False once the queue is closed. */
  private boolean awaitWork(long backoffMillis) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long nanos = TimeUnit.MILLISECONDS.toNanos(backoffMillis);
      while (nanos > 0 && !closed) {
        nanos = changed.awaitNanos(nanos);
      }
      while (waiting.isEmpty() && !closed) {
        changed.await();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private List<ChatSession> take() {
    lock.lock();
    try {
      flying = Math.min(maxBatch, waiting.size());
      List<ChatSession> batch = new ArrayList<>(flying);
      for (int i = 0; i < flying; i++) {
        batch.add(waiting.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void putBack(List<ChatSession> left) {
    lock.lock();
    try {
      flying = 0;
      waiting.addAll(left);
    } finally {
      lock.unlock();
    }
  }
}
