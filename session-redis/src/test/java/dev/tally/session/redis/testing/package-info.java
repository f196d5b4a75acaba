/** Real Redis servers for tests; published as the test-jar. */
@NullMarked
package dev.tally.session.redis.testing;

import org.jspecify.annotations.NullMarked;
