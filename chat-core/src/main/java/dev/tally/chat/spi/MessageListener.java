package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;

/**
 * Sees every message that was counted: what an embedder builds on.
 *
 * <p>Called once for each message whose count the store has taken, in the order of the numbers,
 * behind the reply, also when the client is gone by then. A number can be left out: where a commit
 * was stored but its answer was lost and the connection ended before it could be repeated, the
 * client learns from its next welcome that the message was counted, and nobody has its text any
 * more; and where a client was turned away to make room for others while its commit was under way.
 * So this is at most once, in order; what must see every message stores it in the {@link
 * SessionStore} itself.
 *
 * <p>Called from any thread, selector threads among them, and under the session's lock: must return
 * at once. It may call {@link dev.tally.chat.ChatHub#push}, for any session. What it throws is
 * logged and dropped.
 */
@FunctionalInterface
public interface MessageListener {

  /** Nobody listens; then the hub keeps no text. */
  MessageListener NONE = (session, number, text) -> {};

  /**
   * A message was counted.
   *
   * @param session the session that it belongs to; a bearer secret, not for logs
   * @param number its number in the session, from 1
   * @param text what the client sent
   */
  void onCounted(SessionId session, long number, String text);
}
