package dev.tally.chat;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import dev.tally.chat.protocol.Subprotocol;
import dev.tally.chat.spi.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The last frames to one client: the notice of a drain, a bye or an error, and one close frame.
 * Guarded by the session's lock.
 */
final class ClosingFrames {

  /** A control frame carries 125 bytes, two of which are the code (RFC 6455, 5.5). */
  private static final int MAX_REASON_BYTES = 123;

  private final Transport transport;
  private final Subprotocol subprotocol;
  private @Nullable CloseCode code;
  private boolean announced;

  ClosingFrames(Transport transport, Subprotocol subprotocol) {
    this.transport = transport;
    this.subprotocol = subprotocol;
  }

  /** The code of our close frame; null while none was sent. */
  @Nullable CloseCode code() {
    return code;
  }

  /** Tells a {@code tally.v1} client of the drain; false if the client does not speak it. */
  boolean announce(long total, Duration retryAfter, Duration closeIn) {
    if (subprotocol != Subprotocol.TALLY_V1) {
      return false;
    }
    transport.send(Reply.bye(total, retryAfter, closeIn));
    announced = true;
    return true;
  }

  /**
   * Says bye, unless it was announced, and closes with 1001.
   *
   * @param total messages that the store is known to have; empty if the session was not opened
   * @param retryAfter when the client should connect again
   */
  void bye(OptionalLong total, Duration retryAfter) {
    if (code != null) {
      return;
    }
    if (total.isPresent() && subprotocol == Subprotocol.PLAIN) {
      transport.send(Reply.bye(total.getAsLong()));
    } else if (total.isPresent() && !announced) {
      transport.send(Reply.bye(total.getAsLong(), retryAfter, Duration.ZERO));
    }
    close(CloseCode.GOING_AWAY, hint(retryAfter));
  }

  /** Tells a {@code tally.v1} client what is wrong with the store, and closes with 1013. */
  void tryAgainLater(Duration retryAfter, String detail) {
    if (code != null) {
      return;
    }
    if (subprotocol == Subprotocol.TALLY_V1) {
      transport.send(Reply.error("store_unavailable", retryAfter, detail));
    }
    close(CloseCode.TRY_AGAIN_LATER, hint(retryAfter));
  }

  /** Sends the close frame, unless one was sent before. */
  void close(CloseCode with, String reason) {
    if (code == null) {
      code = with;
      transport.close(with, cutToFit(reason));
    }
  }

  private static String hint(Duration retryAfter) {
    return "retry_after_ms=" + retryAfter.toMillis();
  }

  private static String cutToFit(String reason) {
    byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
    if (utf8.length <= MAX_REASON_BYTES) {
      return reason;
    }
    int end = MAX_REASON_BYTES;
    while ((utf8[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(utf8, 0, end, StandardCharsets.UTF_8);
  }
}
