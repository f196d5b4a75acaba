/** What an embedder may plug in: a transport, a store of sessions, a receiver of metrics. */
@NullMarked
package dev.tally.chat.spi;

import org.jspecify.annotations.NullMarked;
