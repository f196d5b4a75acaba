/**
 * What is sent on the wire: session ids, replies, close codes, the subprotocol. Depends on no other
 * package.
 */
@NullMarked
package dev.tally.chat.protocol;

import org.jspecify.annotations.NullMarked;
