package dev.tally.chat.spi;

/**
 * One session's news for the store.
 *
 * @param lease the right to write
 * @param count the number of messages counted in the session, absolute: repeating it changes
 *     nothing
 * @param last whether the owner leaves with this commit; the store then keeps the time, for the
 *     next lease's {@link Lease#awayFor}, and forgets it at the next commit that is not the last
 */
public record Commit(Lease lease, long count, boolean last) {}
