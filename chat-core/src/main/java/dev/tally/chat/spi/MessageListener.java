package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;

/**
 * Receives the messages that were counted, each at most once. To receive every message exactly
 * once, keep messages in the {@link SessionStore} ({@link SessionStore#keepsMessages}), as the
 * message log in Redis does, and read them there.
 *
 * <p>Called once for each message whose count is stored, in the order of the numbers, after the
 * reply was sent, also if the client is gone by then. A number can be missing in two cases. In both
 * the client learns from its next welcome that the message was counted, but its text is lost:
 *
 * <ul>
 *   <li>The commit was stored, its answer was lost, and the connection ended before it could be
 *       repeated.
 *   <li>The connection was closed to make room for others while the commit was on its way.
 * </ul>
 *
 * <p>Called on any thread, also on selector threads, and under the session's lock: must return
 * without waiting. It may call {@link dev.tally.chat.ChatHub#push}, for any session. What it throws
 * is logged and counted.
 */
@FunctionalInterface
public interface MessageListener {

  /** No listener: then the hub does not keep the text of messages. */
  MessageListener NONE = (session, number, text) -> {};

  /**
   * A message was counted.
   *
   * @param session the session of the message, as the server names it: for {@link
   *     dev.tally.chat.ChatHub#push}. Without authentication it is the client's id, a bearer
   *     secret: not for logs
   * @param number its number in the session, from 1
   * @param text what the client sent
   */
  void onCounted(SessionId session, long number, String text);
}
