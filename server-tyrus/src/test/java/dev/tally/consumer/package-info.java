/** The Java example of docs/MESSAGES.md. */
@NullMarked
package dev.tally.consumer;

import org.jspecify.annotations.NullMarked;
