package dev.tally.server.grizzly;

import dev.tally.chat.spi.Lease;
import java.time.Duration;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** The log lines when a session's connection opens and when it closes. */
final class ConnectionLog {

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketConnection.class);

  private ConnectionLog() {}

  static void opened(Handshake handshake, Lease lease) {
    LoggingEventBuilder line =
        of(handshake, lease.resumed() ? "resume" : "open").addKeyValue("count", lease.count());
    if (lease.awayFor().isPresent()) {
      line = line.addKeyValue("gap_ms", lease.awayFor().get().toMillis());
    }
    line.log(lease.resumed() ? "session resumed" : "session opened");
  }

  static void closed(Handshake handshake, int code, OptionalLong count, Duration duration) {
    LoggingEventBuilder line = of(handshake, "close").addKeyValue("code", code);
    if (count.isPresent()) {
      line = line.addKeyValue("count", count.getAsLong());
    }
    line.addKeyValue("duration_ms", duration.toMillis()).log("connection closed");
  }

  private static LoggingEventBuilder of(Handshake handshake, String event) {
    return LOGGER
        .atInfo()
        .addKeyValue("event", event)
        .addKeyValue("session", () -> handshake.sessionId().hash())
        .addKeyValue("request_id", handshake.requestId())
        .addKeyValue("remote", handshake.address());
  }
}
