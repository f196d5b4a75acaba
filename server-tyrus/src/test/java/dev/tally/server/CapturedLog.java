package dev.tally.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** What the process logs from now on, the libraries' lines included. */
final class CapturedLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {

  /** Warnings and worse. */
  final ConcurrentLinkedQueue<String> troubles = new ConcurrentLinkedQueue<>();

  private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final Level before = root.getLevel();

  CapturedLog() {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    setContext(root.getLoggerContext());
    start();
    root.addAppender(this);
  }

  /** With all that is logged at this level and above. */
  CapturedLog(Level level) {
    this();
    root.setLevel(level);
  }

  /** All lines, with their keys and values. */
  String text() {
    return String.join("\n", lines);
  }

  @Override
  protected void append(ILoggingEvent event) {
    lines.add(event.getKeyValuePairs() + " " + event.getFormattedMessage());
    if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
      String cause =
          event.getThrowableProxy() == null ? "" : ": " + event.getThrowableProxy().getMessage();
      troubles.add(event.getLoggerName() + ": " + event.getFormattedMessage() + cause);
    }
  }

  @Override
  public void close() {
    root.detachAppender(this);
    root.setLevel(before);
  }
}
