package dev.tally.session.redis;

import java.util.Map;

/**
 * How many entries the message log has, and how far its consumer groups have read. The keys are
 * partitions, from "0", and names of groups: the first {@value #MAX_GROUPS} in the order of the
 * alphabet, each cut to {@value #MAX_NAME} characters.
 *
 * <p>A partition that did not answer is not there; then no group is there either.
 *
 * @param entries entries of each partition
 * @param lag entries that were not yet delivered to each group, over all partitions. Without a
 *     group where Redis does not know it: before Redis 7, or if entries were deleted by hand.
 * @param lagRatio the same as a part of the length that a partition is cut to, in the partition in
 *     which the group is furthest behind; above 1 it loses entries that it has not read. Empty if
 *     partitions are not cut.
 * @param unacknowledged entries that were delivered to a consumer of each group and not yet
 *     acknowledged, over all partitions
 */
public record MessageLogStatus(
    Map<String, Long> entries,
    Map<String, Long> lag,
    Map<String, Double> lagRatio,
    Map<String, Long> unacknowledged) {

  /** The maximum number of groups: their names come from consumers, and each takes memory. */
  public static final int MAX_GROUPS = 20;

  /** The maximum length of a group's name here. */
  public static final int MAX_NAME = 100;

  /** Nothing is known. */
  public static final MessageLogStatus UNKNOWN =
      new MessageLogStatus(Map.of(), Map.of(), Map.of(), Map.of());

  /** Copies the maps. */
  public MessageLogStatus {
    entries = Map.copyOf(entries);
    lag = Map.copyOf(lag);
    lagRatio = Map.copyOf(lagRatio);
    unacknowledged = Map.copyOf(unacknowledged);
  }
}
