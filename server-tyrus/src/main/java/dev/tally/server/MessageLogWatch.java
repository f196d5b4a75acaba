package dev.tally.server;

import dev.tally.chat.spi.MonotonicClock;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.MessageLogStatus;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for the status of the message log at intervals, on a thread of its own, so that a scrape
 * never waits for Redis. If Redis does not answer, nothing is known: an old number would look like
 * a consumer that stands still. Safe for use by several threads.
 */
final class MessageLogWatch implements AutoCloseable {

  /** As often as Prometheus scrapes a server, more would not be seen. */
  static final Duration INTERVAL = Duration.ofSeconds(15);

  /** A call may take a few seconds. After this time it hangs, and its last answer is too old. */
  static final Duration MAX_AGE = Duration.ofSeconds(60);

  private static final Logger LOG = LoggerFactory.getLogger(MessageLogWatch.class);

  private record Answer(MessageLogStatus status, long atMillis) {}

  private final Supplier<MessageLogStatus> source;
  private final MonotonicClock time;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "tally-message-log");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Answer last;

  /** Only the thread uses it. */
  private boolean failureIsLogged;

  MessageLogWatch(Supplier<MessageLogStatus> source, MonotonicClock time) {
    this.source = source;
    this.time = time;
    this.last = new Answer(MessageLogStatus.UNKNOWN, time.millis());
  }

  /** Asks for the first time at once. Call it once. */
  void start() {
    ScheduledFuture<?> unused =
        executor.scheduleWithFixedDelay(this::ask, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The last answer; nothing known if it is too old, or if the last call failed. */
  MessageLogStatus latest() {
    Answer answer = last;
    return time.millis() - answer.atMillis() > MAX_AGE.toMillis()
        ? MessageLogStatus.UNKNOWN
        : answer.status();
  }

  /** One call; what it throws ends nothing. */
  void ask() {
    try {
      last = new Answer(source.get(), time.millis());
      failureIsLogged = false;
    } catch (StoreUnavailableException e) {
      failed(e);
    } catch (RuntimeException e) {
      LOG.debug("asking for the status of the message log failed", e);
      failed(e);
    }
  }

  private void failed(RuntimeException reason) {
    last = new Answer(MessageLogStatus.UNKNOWN, time.millis());
    if (!failureIsLogged) {
      failureIsLogged = true;
      LOG.warn("the metrics of the message log are left out: {}", reason.getMessage());
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
