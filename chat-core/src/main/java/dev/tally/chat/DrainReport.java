package dev.tally.chat;

import java.time.Duration;

/**
 * What became of the connections and messages of a drain.
 *
 * @param connections how many were open when the drain began
 * @param closed how many were closed with a bye and 1001, or by their client
 * @param superseded how many were replaced by a newer connection of their client before that
 * @param abandoned how many were still open at the deadline
 * @param unacknowledged messages received during the drain that were not acknowledged; the next
 *     welcome counts those of them that a commit stored whose answer was lost
 * @param took from the beginning to the last close
 */
public record DrainReport(
    int connections,
    int closed,
    int superseded,
    int abandoned,
    long unacknowledged,
    Duration took) {}
