/**
 * Tyrus on Grizzly: the listener, plain HTTP beside it, the upgrade, and WebSocket connections
 * after it. One thread, its selector's, works on a connection; all others leave something for its
 * next turn.
 *
 * <p>Of Grizzly only public API is used. Of Tyrus it is the container SPI ({@code tyrus.spi}), and
 * besides it some public classes without a promise of stability, for which the SPI has no
 * replacement. {@link EndpointContainer} extends {@code TyrusServerContainer} and makes a {@code
 * TyrusWebSocketEngine} of {@code tyrus.core}, to have Tyrus without its own Grizzly container;
 * {@link TyrusHandshake} makes the {@code RequestContext} of {@code tyrus.core} that is upgraded.
 * No other class here names {@code tyrus.core}. A new version of Tyrus or Grizzly has to pass all
 * tests.
 */
@NullMarked
package dev.tally.server.grizzly;

import org.jspecify.annotations.NullMarked;
