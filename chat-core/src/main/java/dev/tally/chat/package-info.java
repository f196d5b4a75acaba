/**
 * Counts the messages of sessions, resumes sessions, and drains them, over any WebSocket server.
 * {@link dev.tally.chat.ChatHub} has the connections, {@link dev.tally.chat.ChatSession} is one of
 * them.
 */
@NullMarked
package dev.tally.chat;

import org.jspecify.annotations.NullMarked;
