/**
 * What makes a store that blocks, or that may be away, usable for a hub: batches, retries and
 * health. Knows no sessions. Not exported.
 */
@NullMarked
package dev.tally.chat.store;

import org.jspecify.annotations.NullMarked;
