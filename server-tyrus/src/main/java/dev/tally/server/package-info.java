/** The runnable server: settings, wiring, and the Jakarta WebSocket endpoint. */
@NullMarked
package dev.tally.server;

import org.jspecify.annotations.NullMarked;
