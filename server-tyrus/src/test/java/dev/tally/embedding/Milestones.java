package dev.tally.embedding;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.SessionStore;
import java.time.InstantSource;

/** Listens to the messages, and tells a client of every hundredth one. */
final class Milestones {

  private final ChatHub hub;

  Milestones(SessionStore store) {
    this.hub =
        new ChatHub(
            store,
            ChatMetrics.NONE,
            ChatSettings.defaults(),
            InstantSource.system(),
            (session, number, text) -> counted(session, number));
  }

  ChatHub hub() {
    return hub;
  }

  private void counted(SessionId session, long number) {
    if (number % 100 == 0) {
      hub.push(session, "{\"type\": \"milestone\", \"number\": " + number + "}");
    }
  }
}
