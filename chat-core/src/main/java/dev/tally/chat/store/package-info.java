/**
 * Between the hub and a store that may block or be away: batches, retries, health. Not exported.
 */
@NullMarked
package dev.tally.chat.store;

import org.jspecify.annotations.NullMarked;
