package dev.tally.chat.spi;

import dev.tally.chat.protocol.CloseCode;
import dev.tally.chat.protocol.Reply;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Sends to one client: what the core needs of a WebSocket connection. An embedder implements it for
 * a server, and hands what comes from the client to {@link dev.tally.chat.ChatSession}.
 *
 * <p>Rules for implementations:
 *
 * <ul>
 *   <li>Every method may be called on any thread, and under the lock of the session. {@link #send}
 *       may be called by several threads at once.
 *   <li>Every method returns without waiting for the client: it queues what cannot be written. An
 *       implementation bounds that queue, and ends the connection when the bound is reached.
 *   <li>No method throws. What is thrown is logged, and the connection is closed with 1011.
 *   <li>No method calls the {@link dev.tally.chat.ChatSession} before it returns: the session is in
 *       the middle of a change. In particular {@code onClose} is called from elsewhere.
 *   <li>Frames are sent in the order of the calls. What is sent after {@link #close}, or after the
 *       connection broke, is dropped silently.
 * </ul>
 */
public interface Transport {

  /**
   * Sends one text message.
   *
   * @param reply what to send; immutable, may be shared between connections
   */
  void send(Reply reply);

  /**
   * Sends a close frame (RFC 6455, 5.5.1) after everything sent so far, then closes the connection.
   * Further calls do nothing. When the connection has ended, {@link
   * dev.tally.chat.ChatSession#onClose} is called, as for every other end.
   *
   * @param code the status code
   * @param reason at most 123 bytes of UTF-8; may be empty
   */
  void close(CloseCode code, String reason);

  /**
   * The store opened the session: from now on messages are counted. Called at most once, before the
   * first {@link #send} of a welcome or a count. For logs.
   *
   * @param lease what the store knows of the session
   */
  default void opened(Lease lease) {}

  /**
   * The session was told of the connection's end. Called once, after everything else. For logs:
   * nothing is left to do.
   *
   * @param code the status code that the connection ended with
   * @param count messages in the session that the store is known to have counted; empty if it did
   *     not open the session
   * @param duration how long the connection was open
   */
  default void closed(int code, OptionalLong count, Duration duration) {}
}
