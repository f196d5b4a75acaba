package dev.tally.metrics;

import dev.tally.chat.ChatHub;
import dev.tally.chat.ChatSettings;
import dev.tally.chat.InMemorySessionStore;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.MonotonicClock;
import java.time.Duration;
import java.time.InstantSource;

/** A hub on the in-memory store. */
final class TestHub {

  private TestHub() {}

  static ChatHub inMemory() {
    return new ChatHub(
        new InMemorySessionStore(Duration.ofHours(1), 1000, MonotonicClock.system()),
        ChatMetrics.NONE,
        ChatSettings.defaults(),
        InstantSource.system());
  }
}
