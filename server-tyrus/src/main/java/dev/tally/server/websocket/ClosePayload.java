package dev.tally.server.websocket;

import org.jspecify.annotations.Nullable;

/** What a client's close frame may contain (RFC 6455, 5.5.1 and 7.4). */
final class ClosePayload {

  private ClosePayload() {}

  /** The rule that a close frame with this payload breaks, or null. */
  static @Nullable Violation violation(byte[] payload) {
    if (payload.length == 0) {
      return null;
    }
    if (payload.length == 1) {
      return Violation.protocol("close frame of one byte");
    }
    int code = ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    if (!isForClients(code)) {
      return Violation.protocol("close code " + code + " must not be sent");
    }
    return Payload.utf8(Payload.COMPLETE, payload, 2, payload.length) == Payload.COMPLETE
        ? null
        : Violation.INVALID_UTF8;
  }

  private static boolean isForClients(int code) {
    if (code >= 3000 && code <= 4999) {
      return true;
    }
    // 1012 to 1014 are for servers and gateways. 1005, 1006 and 1015 are never on the wire.
    return code >= 1000 && code <= 1011 && code != 1004 && code != 1005 && code != 1006;
  }
}
