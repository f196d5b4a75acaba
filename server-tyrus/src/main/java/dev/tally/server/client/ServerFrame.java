package dev.tally.server.client;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the server says in subprotocol {@code tally.v1} (docs/PROTOCOL.md). */
sealed interface ServerFrame {

  /** The session's state, first of all frames. */
  record Welcome(String sessionId, boolean resumed, long count, long heartbeatSeconds)
      implements ServerFrame {}

  /** One message is counted and stored. */
  record Count(long number) implements ServerFrame {}

  /** The server is there. */
  record Heartbeat(String timestamp) implements ServerFrame {}

  /** The server is about to leave: come back after the hint, if need be before the close. */
  record Bye(long total, OptionalLong retryAfterMillis) implements ServerFrame {}

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
    if (json.path("bye").asBoolean(false)) {
      JsonNode hint = json.path("retry_after_ms");
      return new Bye(
          json.path("total").asLong(0),
          hint.isNumber() ? OptionalLong.of(hint.asLong()) : OptionalLong.empty());
    }
    return switch (json.path("type").asString("count")) {
      case "welcome" ->
          new Welcome(
              json.path("session_id").asString(""),
              json.path("resumed").asBoolean(false),
              json.path("count").asLong(0),
              json.path("heartbeat_s").asLong(30));
      case "heartbeat" -> new Heartbeat(json.path("ts").asString(""));
      case "error" -> new Trouble(json.path("code").asString(""), json.path("detail").asString(""));
      case "count" ->
          json.path("count").isNumber()
              ? new Count(json.path("count").asLong())
              : new Unknown(text);
      default -> new Unknown(text);
    };
  }

  /** The hint in a close frame's reason. */
  static OptionalLong retryAfterMillis(String closeReason) {
    Matcher matcher = Hint.PATTERN.matcher(closeReason);
    return matcher.find()
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }

  /** Keeps the pattern out of the interface's face. */
  final class Hint {
    private static final Pattern PATTERN = Pattern.compile("\\bretry_after_ms=(\\d{1,9})\\b");

    private Hint() {}
  }
}
