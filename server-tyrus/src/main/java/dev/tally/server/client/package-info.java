/** The command line client: the reference of how a client resumes without losing count. */
@NullMarked
package dev.tally.server.client;

import org.jspecify.annotations.NullMarked;
