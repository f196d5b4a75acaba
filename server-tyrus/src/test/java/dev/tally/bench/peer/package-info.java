/**
 * The counter on other servers, each as its own documentation shows it, to measure Tally against.
 */
@org.jspecify.annotations.NullMarked
package dev.tally.bench.peer;
