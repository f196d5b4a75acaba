/** Tally's core: sessions that are counted, resumed and drained, whatever carries them. */
@NullMarked
package dev.tally.chat;

import org.jspecify.annotations.NullMarked;
