package dev.tally.server.websocket;

import dev.tally.chat.protocol.CloseCode;

/**
 * Why the server closes a connection: the client broke a rule of RFC 6455, or exceeded one of our
 * limits.
 *
 * @param code the close frame's code
 * @param reason the close frame's reason: a short text for people, or a hint for the client
 * @param kind the kind of error, as the metrics name it
 */
public record Violation(CloseCode code, String reason, String kind) {

  static final Violation INVALID_UTF8 =
      new Violation(CloseCode.INVALID_PAYLOAD, CloseCode.INVALID_PAYLOAD.reason(), "invalid_utf8");

  static final Violation NOT_TEXT =
      new Violation(
          CloseCode.UNSUPPORTED_DATA, "only text messages are counted", "unsupported_data");

  static final Violation MESSAGE_TIMEOUT =
      new Violation(CloseCode.POLICY_VIOLATION, "message not finished in time", "message_timeout");

  static final Violation TOO_MANY_SMALL_FRAMES =
      new Violation(
          CloseCode.POLICY_VIOLATION, "too many pings, pongs, small fragments", "rate_limited");

  static Violation protocol(String reason) {
    return new Violation(CloseCode.PROTOCOL_ERROR, reason, "protocol");
  }

  static Violation tooBig(int maxMessageBytes) {
    return new Violation(
        CloseCode.MESSAGE_TOO_BIG,
        "messages are limited to " + maxMessageBytes + " bytes",
        "too_big");
  }
}
