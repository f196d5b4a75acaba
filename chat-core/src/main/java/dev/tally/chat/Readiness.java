package dev.tally.chat;

/**
 * Whether a balancer should send new clients here, and why not.
 *
 * @param ready whether it should
 * @param reason {@code ready}, {@code starting}, {@code draining}, {@code store_unavailable} or
 *     {@code store_full}
 */
public record Readiness(boolean ready, String reason) {}
