/**
 * HTTP/1.1 without a dependency: the check of request heads, which every port of Tally uses, and
 * the small server of the admin port.
 */
@NullMarked
package dev.tally.metrics.http;

import org.jspecify.annotations.NullMarked;
