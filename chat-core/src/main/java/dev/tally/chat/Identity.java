package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.protocol.Subject;
import java.time.Instant;
import java.util.Optional;

/**
 * Who a client is, as its token says or as an embedder found out. Immutable.
 *
 * @param subject the user that the client acts for. Its sessions belong to this subject: with the
 *     same session id, another subject has another session. Empty if the client is not
 *     authenticated; then every client that knows the id can resume the session
 * @param expiry when the client must have shown a new token; empty for never. {@link
 *     ChatHub#connect} says what happens then
 */
public record Identity(Optional<Subject> subject, Optional<Instant> expiry) {

  /** A client that is not authenticated. */
  public static final Identity ANONYMOUS = new Identity(Optional.empty(), Optional.empty());

  /**
   * A client whose identity does not expire.
   *
   * @param subject the user's name; not empty
   * @return the identity
   * @throws IllegalArgumentException if the name is no {@link Subject}
   */
  public static Identity of(String subject) {
    return new Identity(Optional.of(new Subject(subject)), Optional.empty());
  }

  /**
   * Names a session on the server: in the store, in the message log, for listeners and pushes, and
   * in logs.
   *
   * @param id what the client calls its session
   * @return {@link SessionId#ownedBy} the subject, or the id itself without a subject
   */
  public SessionId keyOf(SessionId id) {
    return subject.isPresent() ? id.ownedBy(subject.get()) : id;
  }
}
