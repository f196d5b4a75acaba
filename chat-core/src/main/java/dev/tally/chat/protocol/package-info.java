/** What stands on the wire: session ids, replies, close codes, the subprotocol. */
@NullMarked
package dev.tally.chat.protocol;

import org.jspecify.annotations.NullMarked;
