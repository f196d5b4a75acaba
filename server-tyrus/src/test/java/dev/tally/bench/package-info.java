/** The benchmark behind {@code make bench}: docs/BENCHMARKS.md says what it measures and how. */
@org.jspecify.annotations.NullMarked
package dev.tally.bench;
