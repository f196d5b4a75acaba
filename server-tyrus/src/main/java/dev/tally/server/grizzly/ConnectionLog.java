package dev.tally.server.grizzly;

import dev.tally.chat.spi.Lease;
import java.time.Duration;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** The lines of a connection's beginning and end. */
final class ConnectionLog {

  private static final Logger LOGGER = LoggerFactory.getLogger(WebSocketConnection.class);

  private ConnectionLog() {}

  static void opened(Client client, Lease lease) {
    LoggingEventBuilder line =
        of(client, lease.resumed() ? "resume" : "open").addKeyValue("count", lease.count());
    if (lease.awayFor().isPresent()) {
      line = line.addKeyValue("gap_ms", lease.awayFor().get().toMillis());
    }
    line.log(lease.resumed() ? "session resumed" : "session opened");
  }

  static void closed(Client client, int code, OptionalLong count, Duration duration) {
    LoggingEventBuilder line = of(client, "close").addKeyValue("code", code);
    if (count.isPresent()) {
      line = line.addKeyValue("count", count.getAsLong());
    }
    line.addKeyValue("duration_ms", duration.toMillis()).log("connection closed");
  }

  private static LoggingEventBuilder of(Client client, String event) {
    return LOGGER
        .atInfo()
        .addKeyValue("event", event)
        .addKeyValue("session", () -> client.sessionId().hash())
        .addKeyValue("request_id", client.requestId())
        .addKeyValue("remote", client.address());
  }
}
