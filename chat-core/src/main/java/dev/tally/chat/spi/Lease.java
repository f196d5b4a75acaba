package dev.tally.chat.spi;

import dev.tally.chat.protocol.SessionId;
import java.time.Duration;
import java.util.Optional;

/**
 * The right of one connection to count for a session, until a newer lease is given out.
 *
 * @param sessionId the session
 * @param epoch the fencing token: higher than that of every earlier lease of this session
 * @param count messages counted when the lease was given out; 0 or more
 * @param resumed whether the session was there before
 * @param awayFor time since the previous owner of the lease left; empty if it did not say so when
 *     it left
 */
public record Lease(
    SessionId sessionId, long epoch, long count, boolean resumed, Optional<Duration> awayFor) {}
