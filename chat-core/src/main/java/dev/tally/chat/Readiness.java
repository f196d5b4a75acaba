package dev.tally.chat;

/**
 * Whether new clients should be sent here.
 *
 * @param ready whether they should
 * @param reason {@code ready}, {@code starting}, {@code draining}, {@code store_unavailable} or
 *     {@code store_full}
 */
public record Readiness(boolean ready, String reason) {}
