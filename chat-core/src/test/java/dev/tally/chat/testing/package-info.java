/** What tests of hubs, stores and transports share; published as the test-jar. */
@NullMarked
package dev.tally.chat.testing;

import org.jspecify.annotations.NullMarked;
