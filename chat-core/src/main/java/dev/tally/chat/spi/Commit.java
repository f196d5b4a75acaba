package dev.tally.chat.spi;

import dev.tally.chat.protocol.Subject;
import java.util.List;
import java.util.Optional;

/**
 * What the store should keep of one session.
 *
 * <p>The messages are those that the store may not have yet. After a commit whose answer was lost,
 * the next one brings its messages again, and perhaps more. A store that keeps messages compares
 * their numbers with what it has, and adds each message once.
 *
 * @param lease the owner's right to write
 * @param count the number of messages counted in the session, absolute, so that a repeated commit
 *     changes nothing
 * @param last whether this is the owner's last commit. The store then keeps the time of it, for
 *     {@link Lease#awayFor} of the next lease. A later commit that is not the last removes that
 *     time.
 * @param messages the newest messages up to {@code count}, oldest first, in UTF-8: the last one has
 *     the number {@code count}, and no number is missing between them. Empty if nothing is new, and
 *     always if the store does not {@linkplain SessionStore#keepsMessages keep messages}. The
 *     arrays must not be changed.
 * @param subject whose session it is, for the log; empty if the client is not authenticated. All
 *     commits of a session have the same
 */
public record Commit(
    Lease lease, long count, boolean last, List<byte[]> messages, Optional<Subject> subject) {

  /**
   * A commit of a client that is not authenticated.
   *
   * @param lease the owner's right to write
   * @param count the number of messages counted in the session
   * @param last whether this is the owner's last commit
   * @param messages the newest messages up to {@code count}
   */
  public Commit(Lease lease, long count, boolean last, List<byte[]> messages) {
    this(lease, count, last, messages, Optional.empty());
  }

  /**
   * A commit for a store that keeps no messages.
   *
   * @param lease the owner's right to write
   * @param count the number of messages counted in the session
   * @param last whether this is the owner's last commit
   */
  public Commit(Lease lease, long count, boolean last) {
    this(lease, count, last, List.of());
  }

  /**
   * The count before the first message of this commit.
   *
   * @return {@link #count} less the number of {@link #messages}
   */
  public long before() {
    return count - messages.size();
  }
}
