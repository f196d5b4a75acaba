package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.client.ServerFrame.Count;
import dev.tally.server.client.ServerFrame.Unknown;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerFrameTest {

  @Test
  void aReplyMayHaveMembersOfALaterVersion() {
    assertThat(ServerFrame.parse("{\"count\": 7, \"later\": [1]}")).isEqualTo(new Count(7));
  }

  /** A server that embeds Tally may push them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "7",
        "[7]",
        "{}",
        "{\"count\": \"7\"}",
        "{\"count\": 7.5}",
        "{\"count\": 1e40}",
        "{\"count\": 7, \"type\": \"count\"}",
        "{\"count\": 7, \"type\": \"chat\"}",
        "{\"count\": 7, \"type\": null}",
        "{\"type\": \"chat\", \"bye\": true}",
        "{\"count\": -1}",
        "{\"type\": \"welcome\", \"session_id\": \"a\"}",
        "{\"type\": \"welcome\", \"session_id\": \"a\", \"count\": -1}",
        "{\"type\": \"welcome\", \"session_id\": \"a\", \"count\": \"7\"}",
        "{\"type\": \"welcome\", \"session_id\": \"a\", \"count\": 99999999999999999999}",
      })
  void ignoresWhatItDoesNotKnow(String text) {
    assertThat(ServerFrame.parse(text)).isEqualTo(new Unknown(text));
  }
}
