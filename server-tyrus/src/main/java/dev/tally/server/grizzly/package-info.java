/**
 * Tyrus on Grizzly: the listener, plain HTTP beside it, the upgrade, and WebSocket connections
 * after it. One thread, its selector's, works on a connection; all others leave something for its
 * next turn.
 *
 * <p>Of Grizzly only public API is used. Of Tyrus it is the container SPI ({@code tyrus.spi}), and
 * besides it three public classes without a promise of stability, for which the SPI has no
 * replacement: {@code TyrusServerContainer}, to have Tyrus without its own Grizzly container, and
 * {@code TyrusWebSocketEngine} and {@code RequestContext} of {@code tyrus.core}, to make the engine
 * and the request that it upgrades. So a new version of either is a change that the whole test
 * suite has to pass.
 */
@NullMarked
package dev.tally.server.grizzly;

import org.jspecify.annotations.NullMarked;
