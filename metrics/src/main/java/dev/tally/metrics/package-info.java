/** Prometheus metrics and the admin port. */
@NullMarked
package dev.tally.metrics;

import org.jspecify.annotations.NullMarked;
