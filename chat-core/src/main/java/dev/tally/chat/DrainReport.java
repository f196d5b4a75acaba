package dev.tally.chat;

import java.time.Duration;

/**
 * What a drain did: the server's side of the ledger.
 *
 * @param connections how many were open when it began
 * @param closed how many ended with a bye and 1001, or by themselves
 * @param superseded how many had moved to a newer connection before their close
 * @param abandoned how many were still open at the deadline
 * @param unacknowledged messages received during the drain that got no count; the next welcome
 *     counts those of them that were stored, by a commit whose answer was lost
 * @param took from the beginning to the last close
 */
public record DrainReport(
    int connections,
    int closed,
    int superseded,
    int abandoned,
    long unacknowledged,
    Duration took) {}
