package dev.tally.chat.spi;

/**
 * What the store should keep of one session.
 *
 * @param lease the owner's right to write
 * @param count the number of messages counted in the session, absolute, so that a repeated commit
 *     changes nothing
 * @param last whether this is the owner's last commit. The store then keeps the time of it, for
 *     {@link Lease#awayFor} of the next lease. A later commit that is not the last removes that
 *     time.
 */
public record Commit(Lease lease, long count, boolean last) {}
