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
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that wait for the store, and the thread that takes all there are in one batch. While one
 * batch flies the next one gathers: batches grow with load, and nobody else waits for the store.
 *
 * <p>Those that the store did not answer for wait apart, and are taken to it again all together,
 * after a pause that grows: however many they are, and however long the part of the store that has
 * them stays away, others wait for one batch of theirs at most.
 *
 * <p>Bounded by connections: a session stands in a queue at most once, and those that want nothing
 * any more, since their connection ended, are at most as many as the others and {@value
 * #ENDED_KEPT}.
 */
final class StoreQueue {

  private static final Logger LOGGER = System.getLogger(StoreQueue.class.getName());
  private static final int ENDED_KEPT = 1024;
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<ChatSession> waiting = new ArrayDeque<>();
  private final ArrayDeque<ChatSession> failed = new ArrayDeque<>();

  /** Those that failed and whose turn it is again. */
  private final ArrayDeque<ChatSession> retrying = new ArrayDeque<>();

  private final Function<List<ChatSession>, Outcome> work;
  private final Predicate<ChatSession> wanted;
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
   * @param answered false if the store was asked and answered for nobody
   * @param left whom it did not answer for
   */
  record Outcome(boolean answered, List<ChatSession> left) {}

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
  StoreQueue(
      String name,
      int maxBatch,
      Duration maxBackoff,
      Function<List<ChatSession>, Outcome> work,
      Predicate<ChatSession> wanted) {
    this.maxBatch = maxBatch;
    this.maxBackoffNanos = maxBackoff.toNanos();
    this.firstBackoffNanos = Math.min(FIRST_BACKOFF_NANOS, maxBackoffNanos);
    this.work = work;
    this.wanted = wanted;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  void add(ChatSession session) {
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

  /** Sessions that wait or whose batch flies. */
  int depth() {
    lock.lock();
    try {
      return waiting.size() + failed.size() + retrying.size() + flying;
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

  /** One turn of the thread, for who did not {@link #start} it: a batch of each, without pauses. */
  void takeBatches() {
    if (retrying.isEmpty()) {
      retryFailed();
    }
    takeBatch(retrying);
    takeBatch(waiting);
  }

  private void run() {
    try {
      for (ArrayDeque<ChatSession> due = awaitDue(); due != null; due = awaitDue()) {
        takeBatch(due);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void takeBatch(ArrayDeque<ChatSession> line) {
    List<ChatSession> batch = take(line);
    if (!batch.isEmpty()) {
      putBack(line, outcomeOf(batch));
    }
  }

  private Outcome outcomeOf(List<ChatSession> batch) {
    try {
      return work.apply(batch);
    } catch (Throwable e) {
      // Else nobody would take another batch, and nobody would hear of it.
      LOGGER.log(Level.ERROR, "a batch for the session store failed; it is tried again", e);
      return new Outcome(false, batch);
    }
  }

  /** Whose batch flies next; null once the queue is closed. */
  private @Nullable ArrayDeque<ChatSession> awaitDue() throws InterruptedException {
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

  private List<ChatSession> take(ArrayDeque<ChatSession> line) {
    lock.lock();
    try {
      flying = Math.min(maxBatch, line.size());
      List<ChatSession> batch = new ArrayList<>(flying);
      for (int i = 0; i < flying; i++) {
        batch.add(line.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private void putBack(ArrayDeque<ChatSession> line, Outcome outcome) {
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
