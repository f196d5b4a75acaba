package dev.tally.server.client;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * What a {@link ChatClient} needs to know.
 *
 * @param uri ws or wss, without a session
 * @param sessionId the session to resume, or empty for a new one
 * @param maxUnacknowledged messages that may wait for their count before {@link ChatClient#send}
 *     blocks; 1 or more
 * @param giveUpAfter how long to go on without a connection
 * @param connectTimeout for the handshake
 * @param welcomeTimeout from then to the welcome
 * @param pingInterval how long a server may be silent before it is asked for a pong, and then how
 *     long that may take
 * @param tokens where the token of each attempt comes from; empty for none
 */
record ClientSettings(
    URI uri,
    Optional<String> sessionId,
    int maxUnacknowledged,
    Duration giveUpAfter,
    Duration connectTimeout,
    Duration welcomeTimeout,
    Duration pingInterval,
    Optional<TokenSource> tokens) {

  /** For a server that requires no tokens. */
  ClientSettings(
      URI uri,
      Optional<String> sessionId,
      int maxUnacknowledged,
      Duration giveUpAfter,
      Duration connectTimeout,
      Duration welcomeTimeout,
      Duration pingInterval) {
    this(
        uri,
        sessionId,
        maxUnacknowledged,
        giveUpAfter,
        connectTimeout,
        welcomeTimeout,
        pingInterval,
        Optional.empty());
  }
}
