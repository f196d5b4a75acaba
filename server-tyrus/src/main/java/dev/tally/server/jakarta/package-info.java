/** The endpoint of Jakarta WebSocket, for Tally's own listener and for other containers. */
@NullMarked
package dev.tally.server.jakarta;

import org.jspecify.annotations.NullMarked;
