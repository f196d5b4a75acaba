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
 * Group commit: a queue of what waits for the store, and the one thread that takes all of it to the
 * store as a batch. While the store works on a batch the next one gathers, so batches grow with the
 * load, and no other thread waits for the store.
 *
 * <p>Entries that the store did not answer for wait in a queue of their own. They are retried
 * together, after a pause that doubles. So a part of the store that is away delays the entries of
 * the other parts by one batch at most, however many entries it has itself.
 *
 * <p>Bounded by the number of connections: the caller adds an entry only if it is not in the queue.
 * Entries that are no longer wanted, because their connection ended, are removed when there are
 * more of them than of others and than {@value #ENDED_KEPT}. Otherwise connections that come and go
 * while the store hangs would fill the memory.
 *
 * <p>Safe for use by several threads.
 *
 * @param <T> an entry, such as a session
 */
public final class StoreQueue<T> {

  private static final Logger LOGGER = System.getLogger(StoreQueue.class.getName());
  private static final int ENDED_KEPT = 1024;
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<T> waiting = new ArrayDeque<>();
  private final ArrayDeque<T> failed = new ArrayDeque<>();

  /** Entries that failed and are due again; taken by the thread without further pause. */
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
   * @param <T> an entry, such as a session
   * @param answered false if the store was asked and answered for no entry
   * @param left the entries that it did not answer for
   */
  public record Outcome<T>(boolean answered, List<T> left) {}

  /**
   * Makes an empty queue. {@link #start} starts its thread.
   *
   * @param name the thread's name
   * @param maxBatch entries in one batch
   * @param maxBackoff the longest pause before entries that failed are retried
   * @param work takes a batch to the store
   * @param wanted whether an entry that waits is still wanted; called under the queue's lock, so it
   *     must not call the queue
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
   * Adds an entry, which must not be in the queue.
   *
   * @param entry taken with the next batch, or a later one
   */
  public void add(T entry) {
    lock.lock();
    try {
      if (waiting.size() >= sweepAt) {
        waiting.removeIf(wanted.negate());
        sweepAt = ENDED_KEPT + 2 * waiting.size();
      }
      waiting.add(entry);
      if (waiting.size() == 1) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * How many entries wait or are in a batch that the store has not answered yet.
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

  /** Ends the thread, and interrupts the batch that the store works on. */
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

  /** Does once what the thread does. For tests that do not {@linkplain #start start} it. */
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

  private void takeBatch(ArrayDeque<T> queue) {
    List<T> batch = take(queue);
    if (!batch.isEmpty()) {
      putBack(queue, outcomeOf(batch));
    }
  }

  private Outcome<T> outcomeOf(List<T> batch) {
    try {
      return work.apply(batch);
    } catch (Throwable e) {
      // Otherwise the thread would end here, and the server would answer no message any more.
      LOGGER.log(Level.ERROR, "a batch for the session store failed and is retried", e);
      return new Outcome<>(false, batch);
    }
  }

  /** Waits until a batch is due, and returns the queue that has it; null after {@link #close}. */
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
        // By turns, so that neither retries nor new entries keep the others from the store.
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

  private List<T> take(ArrayDeque<T> queue) {
    lock.lock();
    try {
      flying = Math.min(maxBatch, queue.size());
      List<T> batch = new ArrayList<>(flying);
      for (int i = 0; i < flying; i++) {
        batch.add(queue.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void putBack(ArrayDeque<T> queue, Outcome<T> outcome) {
    lock.lock();
    try {
      flying = 0;
      long now = System.nanoTime();
      if (queue == waiting) {
        // No longer pause: this batch may have met the one part of the store that is away.
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
