package dev.tally.server.client;

import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the server says in subprotocol {@code tally.v1} (docs/PROTOCOL.md). */
sealed interface ServerFrame {

  /**
   * The session's state, first of all frames. The token expires after so many seconds, if at all.
   */
  record Welcome(String sessionId, boolean resumed, long count, OptionalLong expiresInSeconds)
      implements ServerFrame {}

  /** One message is counted and stored. */
  record Count(long number) implements ServerFrame {}

  /** The server is there. */
  record Heartbeat(String timestamp) implements ServerFrame {}

  /** The server is about to leave: come back after the hint, before the close if possible. */
  record Bye(long total, long retryAfterMillis) implements ServerFrame {}

  /** The server has trouble. */
  record Trouble(String code, String detail) implements ServerFrame {}

  /** Something that this client does not know; a newer server may say it. */
  record Unknown(String text) implements ServerFrame {}

  /** Reads a frame. Never fails: what is not understood is {@link Unknown}. */
  static ServerFrame parse(String text) {
    JsonNode json;
    try {
      json = JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      return new Unknown(text);
    }
    JsonNode count = json.path("count");
    if (!json.has("type") && isCount(count)) {
      return new Count(count.asLong());
    }
    return switch (json.path("type").asString("")) {
      case "welcome" ->
          isCount(count)
              ? new Welcome(
                  json.path("session_id").asString(""),
                  json.path("resumed").asBoolean(false),
                  count.asLong(),
                  isCount(json.path("expires_in_s"))
                      ? OptionalLong.of(json.path("expires_in_s").asLong())
                      : OptionalLong.empty())
              : new Unknown(text);
      case "heartbeat" -> new Heartbeat(json.path("ts").asString(""));
      case "error" -> new Trouble(json.path("code").asString(""), json.path("detail").asString(""));
      case "bye" ->
          new Bye(json.path("total").asLong(0), Hint.inFrame(json.path("retry_after_ms")));
      default -> new Unknown(text);
    };
  }

  private static boolean isCount(JsonNode count) {
    return count.isIntegralNumber() && count.canConvertToLong() && count.asLong() >= 0;
  }
}
