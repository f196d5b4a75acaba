/**
 * Who may open a WebSocket: rules, refusals, origins, addresses, limits. Knows neither Grizzly nor
 * Tyrus.
 */
@NullMarked
package dev.tally.server.handshake;

import org.jspecify.annotations.NullMarked;
