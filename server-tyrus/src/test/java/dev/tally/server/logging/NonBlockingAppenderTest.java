package dev.tally.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class NonBlockingAppenderTest {

  private static final int QUEUE = 10;
  private static final int LINES = 100;

  /** One that the reader waited for, a queue full that it took with it, and a queue full again. */
  private static final int ROOM = 1 + 2 * QUEUE;

  private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
  private final CountDownLatch readerGoesOn = new CountDownLatch(1);
  private final AtomicInteger written = new AtomicInteger();

  @Test
  void linesBelowWarnThatFindNoPlaceAreCounted() {
    assertThat(droppedWhileTheReaderStandsStill(Level.INFO))
        .isBetween((long) LINES - ROOM, (long) LINES - 1);
  }

  @Test
  void warningsThatFindNoPlaceAreCounted() {
    assertThat(droppedWhileTheReaderStandsStill(Level.WARN))
        .isBetween((long) LINES - ROOM, (long) LINES - QUEUE);
  }

  /** Writes from one thread, checks that no line is unaccounted for, and returns the dropped. */
  private long droppedWhileTheReaderStandsStill(Level level) {
    NonBlockingAppender appender = new NonBlockingAppender(thrown -> {});
    appender.setContext(context);
    appender.setQueueSize(QUEUE);
    appender.setMaxFlushTime(0);
    StillReader reader = new StillReader();
    reader.setContext(context);
    reader.start();
    appender.addAppender(reader);
    appender.start();
    for (int i = 0; i < LINES; i++) {
      Logger logger = context.getLogger(NonBlockingAppenderTest.class);
      appender.doAppend(new LoggingEvent("", logger, level, "line", null, null));
    }
    readerGoesOn.countDown();
    appender.stop();
    assertThat(written.get() + appender.dropped()).isEqualTo(LINES);
    return appender.dropped();
  }

  private final class StillReader extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent line) {
      try {
        readerGoesOn.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      written.incrementAndGet();
    }
  }
}
