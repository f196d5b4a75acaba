package dev.tally.chat;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A daemon thread that runs tasks repeatedly. What a task throws is logged, and it runs again. */
final class PeriodicTasks {

  private static final Logger LOGGER = System.getLogger(PeriodicTasks.class.getName());

  private final ScheduledExecutorService executor;

  /**
   * Makes the thread.
   *
   * @param name the thread's name
   */
  PeriodicTasks(String name) {
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  void repeat(Duration first, Duration delay, Runnable task) {
    ScheduledFuture<?> unused =
        executor.scheduleWithFixedDelay(
            guarded(task), first.toMillis(), delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  void doOnce(long delayMillis, Runnable task) {
    ScheduledFuture<?> unused =
        executor.schedule(guarded(task), delayMillis, TimeUnit.MILLISECONDS);
  }

  /** Ends the thread, and interrupts the task that it runs. */
  void close() {
    executor.shutdownNow();
  }

  /** The executor would cancel a periodic task that throws, without a word in the log. */
  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (Throwable e) {
        LOGGER.log(Level.ERROR, "periodic task failed", e);
      }
    };
  }
}
