package dev.tally.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * The process's log on standard output, for SLF4J, System.Logger and java.util.logging alike.
 * Writers never wait: when the reader of the log is slower than its writers for longer than the
 * queue lasts, lines are dropped, those below WARN first. Close it last: that writes what waits.
 */
public final class Logging implements AutoCloseable {

  private static final int QUEUE = 8192;
  private static final int FLUSH_MILLIS = 2000;
  private static final String TEXT = "%d{HH:mm:ss.SSS} %-5level %msg  %kvp{NONE}%n";

  private final LoggerContext context;
  private final NonBlockingAppender queue;
  private final StandardOutput output;

  private Logging(LoggerContext context, NonBlockingAppender queue, StandardOutput output) {
    this.context = context;
    this.queue = queue;
    this.output = output;
  }

  /**
   * Sets the process's logging up. Call once, before the first line.
   *
   * @param format how lines look
   * @param level the lowest level that is written: trace, debug, info, warn or error
   * @param color the deployment's name, put into every JSON line
   * @param thrown told of what was thrown where a line has that, by the thread that logs it
   * @return to be closed at the end
   */
  public static Logging start(
      LogFormat format, String level, Optional<String> color, Consumer<Throwable> thrown) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    // Without it each disabled line of java.util.logging is still translated.
    LevelChangePropagator propagator = new LevelChangePropagator();
    propagator.setContext(context);
    propagator.setResetJUL(true);
    propagator.start();
    context.addListener(propagator);
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();

    boolean text = format == LogFormat.TEXT || (format == LogFormat.AUTO && Terminal.isAttached());
    EncoderBase<ILoggingEvent> encoder = text ? text() : new JsonLineEncoder(color);
    encoder.setContext(context);
    encoder.start();
    NonBlockingAppender queue = new NonBlockingAppender(thrown);
    StandardOutput output =
        new StandardOutput(new FileOutputStream(FileDescriptor.out), encoder, queue::dropped);
    output.setContext(context);
    output.setName("stdout");
    output.start();
    queue.setContext(context);
    queue.setName("async");
    queue.setQueueSize(QUEUE);
    queue.setMaxFlushTime(FLUSH_MILLIS);
    queue.addAppender(output);
    queue.start();

    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(queue);
    root.setLevel(Level.toLevel(level));
    return new Logging(context, queue, output);
  }

  /** Turns the log off, for a command whose standard output is its result. */
  public static void silence() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
  }

  /**
   * Lines that were dropped or could not be written since the start. Any thread may ask.
   *
   * @return 0 or more
   */
  public long droppedLines() {
    return queue.dropped() + output.failed();
  }

  /**
   * Waits until all lines so far are written, for at most two seconds; what still waits then counts
   * as dropped. The next line comes behind one that tells of what was dropped.
   *
   * @return how many lines were dropped since the start; 0 if the log is complete
   */
  public long settle() {
    long queued = queue.queued();
    long startNanos = System.nanoTime();
    while (output.handled() < queued
        && System.nanoTime() - startNanos < TimeUnit.MILLISECONDS.toNanos(FLUSH_MILLIS)) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    output.reportLosses(Math.max(0, queued - output.handled()));
    return droppedLines();
  }

  /** Writes what is queued, for at most two seconds, and ends. */
  @Override
  public void close() {
    context.stop();
  }

  private static EncoderBase<ILoggingEvent> text() {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern(TEXT);
    return encoder;
  }
}
