/**
 * Who a client is: tokens, and the keys that they are checked with. Only {@code TokenVerifier} and
 * what it uses touch Nimbus JOSE + JWT, which is loaded only if authentication is on.
 */
@NullMarked
package dev.tally.server.auth;

import org.jspecify.annotations.NullMarked;
