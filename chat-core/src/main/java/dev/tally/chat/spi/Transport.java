package dev.tally.chat.spi;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * The way to one client: what the core needs of a WebSocket connection.
 *
 * <p>Every method may be called from any thread and under the session's lock; {@link #send} may be
 * called by several threads at once. They must return at once (queue, never wait), must not throw,
 * and must not call back into the {@link dev.tally.chat.ChatSession} on the calling thread while
 * they run. Frames leave in the order of the calls. What is sent after {@link #close} or after the
 * connection broke is dropped silently.
 */
public interface Transport {

  /**
   * Sends one text message.
   *
   * @param reply what to send; immutable, may be shared between connections
   */
  void send(Reply reply);

  /**
   * Sends a close frame (RFC 6455, 5.5.1) behind everything sent so far, then closes. Further calls
   * do nothing. The connection's end is reported through {@link dev.tally.chat.ChatSession#onClose}
   * like any other.
   *
   * @param code the status code
   * @param reason at most 123 bytes of UTF-8; may be empty
   */
  void close(CloseCode code, String reason);

  /**
   * The store opened the session: from now on messages are counted.
   *
   * @param lease what the store knows of the session
   */
  default void opened(Lease lease) {}

  /**
   * The session took note of the connection's end. For the log; there is nothing left to do.
   *
   * @param code the status code that the connection ended with
   * @param count messages known to be counted in the session; empty if the store never opened it
   * @param duration how long the connection was open
   */
  default void closed(int code, OptionalLong count, Duration duration) {}
}
