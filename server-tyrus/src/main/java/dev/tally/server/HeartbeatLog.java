package dev.tally.server;

import dev.tally.chat.spi.ChatMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a line for each round of heartbeats. */
final class HeartbeatLog implements ChatMetrics {

  private static final Logger LOGGER = LoggerFactory.getLogger(HeartbeatLog.class);

  @Override
  public void heartbeat(int connections) {
    LOGGER
        .atInfo()
        .addKeyValue("event", "heartbeat")
        .addKeyValue("sent", connections)
        .log("heartbeat");
  }
}
