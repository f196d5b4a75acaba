/** The settings of the server: flags, environment variables, their values and their rules. */
@NullMarked
package dev.tally.server.settings;

import org.jspecify.annotations.NullMarked;
