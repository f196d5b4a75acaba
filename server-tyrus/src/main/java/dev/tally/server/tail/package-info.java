/** {@code tail}: shows the message log on a terminal. */
@NullMarked
package dev.tally.server.tail;

import org.jspecify.annotations.NullMarked;
