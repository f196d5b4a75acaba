/** Sessions in Redis: single, Sentinel, Cluster, TLS. */
@NullMarked
package dev.tally.session.redis;

import org.jspecify.annotations.NullMarked;
