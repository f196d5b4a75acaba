package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;
import java.time.Duration;
import java.util.Optional;

/**
 * The right of one connection to count the messages of a session. It ends when the store gives a
 * newer lease of the session.
 *
 * @param sessionId the session as the server names it: {@link dev.tally.chat.ChatSession#key}
 * @param epoch the fencing token: higher than that of every earlier lease of this session
 * @param count messages counted in the session when the lease was given; 0 or more
 * @param resumed whether the session existed before
 * @param awayFor time since the last commit of the previous owner; empty for a new session, and if
 *     that owner ended without a {@linkplain Commit#last last commit}
 */
public record Lease(
    SessionId sessionId, long epoch, long count, boolean resumed, Optional<Duration> awayFor) {}
