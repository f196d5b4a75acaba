/**
 * What an embedder can implement: a transport, a session store, a message listener, metrics.
 * Depends on {@code protocol} only.
 */
@NullMarked
package dev.tally.chat.spi;

import org.jspecify.annotations.NullMarked;
