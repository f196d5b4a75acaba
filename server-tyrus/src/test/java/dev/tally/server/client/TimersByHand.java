package dev.tally.server.client;

import dev.tally.server.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A client's thread whose timers run when a test says so, however long that takes. */
final class TimersByHand extends ScheduledThreadPoolExecutor {

  private final List<Timer> timers = new CopyOnWriteArrayList<>();

  TimersByHand() {
    super(1);
  }

  /** Something that a client plans. */
  static final class Timer extends FutureTask<Void> implements RunnableScheduledFuture<Void> {
    private final Duration delay;

    Timer(Runnable task, Duration delay) {
      super(task, null);
      this.delay = delay;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(delay);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    @Override
    public boolean isPeriodic() {
      return false;
    }
  }

  @Override
  public void execute(Runnable task) {
    ScheduledFuture<?> unused = super.schedule(task, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    Timer timer = new Timer(task, Duration.of(delay, unit.toChronoUnit()));
    timers.add(timer);
    return timer;
  }

  /** The timer that waits for at most so long, once there is one. */
  Timer next(Duration delay) throws Exception {
    Await.until(() -> timers.stream().anyMatch(timer -> waits(timer, delay)));
    return timers.stream().filter(timer -> waits(timer, delay)).findFirst().orElseThrow();
  }

  private static boolean waits(Timer timer, Duration delay) {
    return !timer.isDone() && timer.delay.compareTo(delay) <= 0;
  }

  /** Lets a timer's time come; the result is the newest timer that there is right after it. */
  Timer fire(Timer timer) throws InterruptedException, ExecutionException {
    int newest =
        submit(
                () -> {
                  timer.run();
                  return timers.size() - 1;
                })
            .get();
    return timers.get(newest);
  }

  /** Waits until the client no longer needs a timer. */
  static void awaitCancelled(Timer timer) throws Exception {
    Await.until(timer::isCancelled);
  }
}
