/** Where log lines go: text for people, JSON for machines, never blocking who writes them. */
@NullMarked
package dev.tally.server.logging;

import org.jspecify.annotations.NullMarked;
