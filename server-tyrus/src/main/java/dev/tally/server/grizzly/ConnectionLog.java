package dev.tally.server.grizzly;

import dev.tally.chat.protocol.Subject;
import dev.tally.chat.spi.Lease;
import dev.tally.server.handshake.Handshake;
import java.time.Duration;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/** The log lines when a session's connection opens and when it closes. */
final class ConnectionLog {

  private ConnectionLog() {}

  static void opened(Logger logger, Handshake handshake, Lease lease) {
    LoggingEventBuilder line =
        of(logger, handshake, lease.resumed() ? "resume" : "open")
            .addKeyValue("count", lease.count());
    if (lease.awayFor().isPresent()) {
      line = line.addKeyValue("gap_ms", lease.awayFor().get().toMillis());
    }
    line.log(lease.resumed() ? "session resumed" : "session opened");
  }

  static void closed(
      Logger logger, Handshake handshake, int code, OptionalLong count, Duration duration) {
    LoggingEventBuilder line = of(logger, handshake, "close").addKeyValue("code", code);
    if (count.isPresent()) {
      line = line.addKeyValue("count", count.getAsLong());
    }
    line.addKeyValue("duration_ms", duration.toMillis()).log("connection closed");
  }

  private static LoggingEventBuilder of(Logger logger, Handshake handshake, String event) {
    LoggingEventBuilder line =
        logger
            .atInfo()
            .addKeyValue("event", event)
            .addKeyValue("session", () -> handshake.sessionKey().hash());
    if (handshake.client().isPresent()) {
      Subject subject = handshake.client().get().subject();
      line = line.addKeyValue("subject", () -> subject.hash());
    }
    return line.addKeyValue("request_id", handshake.requestId())
        .addKeyValue("remote", handshake.address());
  }
}
