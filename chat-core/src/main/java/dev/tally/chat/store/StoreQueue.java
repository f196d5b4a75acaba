package dev.tally.chat.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Group commit: sessions that wait for the store, and the one thread that takes all of them to it
 * in one batch. While the store works on a batch the next one gathers, so batches grow with the
 * load, and no other thread ever waits for the store.
 *
 * <p>Sessions that the store did not answer for wait in a line of their own. They are retried
 * together, after a pause that doubles. So a part of the store that is away delays the sessions of
 * the other parts by one batch at most, whatever the number of its sessions.
 *
 * <p>Bounded by the number of connections. The caller adds a session only if it is not in the
 * queue. Sessions that want nothing any more, since their connection ended, are removed when they
 * are more than the others and {@value #ENDED_KEPT}: connections can end much faster than batches.
 *
 * <p>Safe for use by several threads.
 *
 * @param <T> what stands for a session
 */
public final class StoreQueue<T> {

  private static final Logger LOGGER = System.getLogger(StoreQueue.class.getName());
  private static final int ENDED_KEPT = 1024;
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<T> waiting = new ArrayDeque<>();
  private final ArrayDeque<T> failed = new ArrayDeque<>();

  /** Those that failed and whose turn it is again. */
  private final ArrayDeque<T> retrying = new ArrayDeque<>();

  private final Function<List<T>, Outcome<T>> work;
  private final Predicate<T> wanted;
  private final int maxBatch;
  private final long firstBackoffNanos;
  private final long maxBackoffNanos;
  private final Thread thread;
  private int sweepAt = ENDED_KEPT;
  private long waitingDueNanos = System.nanoTime();
  private long failedDueNanos;
  private long backoffNanos;
  private boolean retryAnswered;
  private boolean retriedLast;
  private int flying;
  private boolean closed;

  /**
   * What became of a batch.
   *
   * @param <T> what stands for a session
   * @param answered false if the store was asked and answered for no session
   * @param left the sessions that it did not answer for
   */
  public record Outcome<T>(boolean answered, List<T> left) {}

  /**
   * Makes a queue; {@link #start} sets it to work.
   *
   * @param name the thread's name
   * @param maxBatch sessions in one batch
   * @param maxBackoff the longest pause before those that failed are taken to the store again
   * @param work takes a batch to the store
   * @param wanted whether a session that waits still wants something of the store; called under the
   *     queue's lock
   */
  public StoreQueue(
      String name,
      int maxBatch,
      Duration maxBackoff,
      Function<List<T>, Outcome<T>> work,
      Predicate<T> wanted) {
    this.maxBatch = maxBatch;
    this.maxBackoffNanos = maxBackoff.toNanos();
    this.firstBackoffNanos = Math.min(FIRST_BACKOFF_NANOS, maxBackoffNanos);
    this.work = work;
    this.wanted = wanted;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  /** Starts the thread. Call once. */
  public void start() {
    thread.start();
  }

  /**
   * Adds one that wants something of the store, and is not in the queue.
   *
   * @param session taken with the next batch, or a later one
   */
  public void add(T session) {
    lock.lock();
    try {
      if (waiting.size() >= sweepAt) {
        // While the store lets a batch wait, connections can come and go much faster than batches.
        waiting.removeIf(wanted.negate());
        sweepAt = ENDED_KEPT + 2 * waiting.size();
      }
      waiting.add(session);
      if (waiting.size() == 1) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * How many wait or are in a batch that the store has not answered yet.
   *
   * @return 0 or more
   */
  public int depth() {
    lock.lock();
    try {
      return waiting.size() + failed.size() + retrying.size() + flying;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread after the batch that the store has now. */
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
  }

  /** One turn of a thread that was not {@linkplain #start started}: for tests in one thread. */
  public void takeBatches() {
    if (retrying.isEmpty()) {
      retryFailed();
    }
    takeBatch(retrying);
    takeBatch(waiting);
  }

  private void run() {
    try {
      for (ArrayDeque<T> due = awaitDue(); due != null; due = awaitDue()) {
        takeBatch(due);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void takeBatch(ArrayDeque<T> line) {
    List<T> batch = take(line);
    if (!batch.isEmpty()) {
      putBack(line, outcomeOf(batch));
    }
  }

  private Outcome<T> outcomeOf(List<T> batch) {
    try {
      return work.apply(batch);
    } catch (Throwable e) {
      // Else nobody would take another batch, and nobody would hear of it.
      LOGGER.log(Level.ERROR, "a batch for the session store failed; it is tried again", e);
      return new Outcome<>(false, batch);
    }
  }

  /** Waits for a batch to be due, and says which line has it; null once the queue is closed. */
  private @Nullable ArrayDeque<T> awaitDue() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed) {
        long now = System.nanoTime();
        long untilFailed = failed.isEmpty() ? Long.MAX_VALUE : failedDueNanos - now;
        long untilWaiting = waiting.isEmpty() ? Long.MAX_VALUE : waitingDueNanos - now;
        if (retrying.isEmpty() && untilFailed <= 0) {
          retryFailed();
        }
        boolean retry = !retrying.isEmpty() && !(retriedLast && untilWaiting <= 0);
        if (retry || untilWaiting <= 0) {
          retriedLast = retry;
          return retry ? retrying : waiting;
        }
        long unused = changed.awaitNanos(Math.min(untilFailed, untilWaiting));
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  private void retryFailed() {
    retrying.addAll(failed);
    failed.clear();
    retryAnswered = false;
  }

  private List<T> take(ArrayDeque<T> line) {
    lock.lock();
    try {
      flying = Math.min(maxBatch, line.size());
      List<T> batch = new ArrayList<>(flying);
      for (int i = 0; i < flying; i++) {
        batch.add(line.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void putBack(ArrayDeque<T> line, Outcome<T> outcome) {
    lock.lock();
    try {
      flying = 0;
      long now = System.nanoTime();
      if (line == waiting) {
        // Not longer: they may have met the one part of the store that is away.
        waitingDueNanos = outcome.answered() ? now : now + firstBackoffNanos;
        if (failed.isEmpty() && retrying.isEmpty()) {
          backoffNanos = firstBackoffNanos;
          failedDueNanos = now + backoffNanos;
        }
      } else {
        retryAnswered |= outcome.answered();
        if (retrying.isEmpty()) {
          backoffNanos =
              retryAnswered ? firstBackoffNanos : Math.min(maxBackoffNanos, backoffNanos * 2);
          failedDueNanos = now + backoffNanos;
        }
      }
      failed.addAll(outcome.left());
    } finally {
      lock.unlock();
    }
  }
}
