package dev.tally.chat.protocol;

import java.util.Optional;

/**
 * How a connection ends (RFC 6455, section 7.4), and whether the client should reconnect. The table
 * is in docs/PROTOCOL.md.
 */
public enum CloseCode {
  /** The client is done. */
  NORMAL(1000, "normal", Reconnect.NO),
  /** The server drains. */
  GOING_AWAY(1001, "going away", Reconnect.AFTER_HINT),
  /** The peer violated RFC 6455. */
  PROTOCOL_ERROR(1002, "protocol error", Reconnect.NO),
  /** A binary message; or, in a container that cannot refuse a handshake, an invalid session id. */
  UNSUPPORTED_DATA(1003, "unsupported data", Reconnect.NO),
  /** A close frame without a code, such as a browser's {@code close()} sends. Never sent. */
  NO_STATUS(1005, "no status", Reconnect.WITH_BACKOFF),
  /** The connection broke without a close frame. Never sent. */
  ABNORMAL(1006, "abnormal closure", Reconnect.WITH_BACKOFF),
  /** Text that is not valid UTF-8. */
  INVALID_PAYLOAD(1007, "invalid UTF-8", Reconnect.NO),
  /** Too many frames without a message, or a message that takes too long. */
  POLICY_VIOLATION(1008, "policy violation", Reconnect.WITH_BACKOFF),
  /** A message above the limit. */
  MESSAGE_TOO_BIG(1009, "message too big", Reconnect.NO),
  /** A fault of the server. */
  INTERNAL_ERROR(1011, "internal error", Reconnect.WITH_BACKOFF),
  /** The session store does not answer or is full, or the server is overloaded. */
  TRY_AGAIN_LATER(1013, "try again later", Reconnect.AFTER_HINT),
  /** The session was resumed by a newer connection. */
  SUPERSEDED(4001, "superseded", Reconnect.NO),
  /** The client's token expired, and it showed no new one in time. */
  TOKEN_EXPIRED(4401, "token expired", Reconnect.WITH_NEW_TOKEN),
  /** An operator closed the session, for a token that was revoked for instance. */
  KICKED(4403, "closed by an operator", Reconnect.NO);

  /** What a client should do after a close. */
  public enum Reconnect {
    /** Do not reconnect. */
    NO,
    /** Reconnect after the {@code retry_after_ms} in the reason. */
    AFTER_HINT,
    /** Reconnect with exponential backoff and jitter. */
    WITH_BACKOFF,
    /** As {@link #WITH_BACKOFF}, but with a token that has not expired. */
    WITH_NEW_TOKEN
  }

  private final int code;
  private final String reason;
  private final Reconnect reconnect;

  CloseCode(int code, String reason, Reconnect reconnect) {
    this.code = code;
    this.reason = reason;
    this.reconnect = reconnect;
  }

  /**
   * The status code on the wire.
   *
   * @return 1000 to 4999
   */
  public int code() {
    return code;
  }

  /**
   * The reason that is sent unless a more specific one is given.
   *
   * @return a few ASCII words
   */
  public String reason() {
    return reason;
  }

  /**
   * Whether the client should reconnect.
   *
   * @return the rule
   */
  public Reconnect reconnect() {
    return reconnect;
  }

  /**
   * Finds a code of the table.
   *
   * @param code the status code on the wire
   * @return the entry, or empty for a code that Tally does not use
   */
  public static Optional<CloseCode> of(int code) {
    for (CloseCode candidate : values()) {
      if (candidate.code == code) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
