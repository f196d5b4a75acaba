/**
 * Tyrus on Grizzly, by their public SPI only: the listener, the upgrade, and frames in and out. One
 * thread, its selector's, owns a connection; everybody else hands over to it.
 */
@NullMarked
package dev.tally.server.grizzly;

import org.jspecify.annotations.NullMarked;
