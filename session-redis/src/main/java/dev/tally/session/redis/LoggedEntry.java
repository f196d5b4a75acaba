package dev.tally.session.redis;

import java.util.Map;
import java.util.Optional;

/**
 * One entry of the {@link MessageLog}, as a reader gets it.
 *
 * @param partition the number of its stream
 * @param millis when it was added, ms since 1970 by Redis's clock; the first part of its id
 * @param sequence tells entries of the same millisecond apart; the second part of its id
 * @param session the session's id; a bearer secret
 * @param began when the session's numbers began, ms since 1970 by Redis's clock
 * @param content the message, or the numbers that are missing
 */
public record LoggedEntry(
    int partition, long millis, long sequence, String session, String began, Content content)
    implements Comparable<LoggedEntry> {

  /** What an entry says. */
  public sealed interface Content {}

  /**
   * A message.
   *
   * @param number its number in the session, from 1
   * @param text what the client sent
   * @param subject of the client; empty if it was not authenticated
   */
  public record Message(long number, String text, Optional<String> subject) implements Content {}

  /**
   * Messages that were counted, but are not in the log.
   *
   * @param from the first number
   * @param to the last number
   */
  public record Gap(long from, long to) implements Content {}

  /**
   * Reads the fields of an entry.
   *
   * @throws IllegalArgumentException if they are not those of an entry of the log
   */
  static LoggedEntry of(int partition, long millis, long sequence, Map<String, String> fields) {
    return new LoggedEntry(
        partition,
        millis,
        sequence,
        field(fields, "session"),
        field(fields, "began"),
        content(fields));
  }

  private static Content content(Map<String, String> fields) {
    String gap = fields.get("gap");
    if (gap == null) {
      return new Message(
          Long.parseLong(field(fields, "n")),
          field(fields, "text"),
          Optional.ofNullable(fields.get("subject")));
    }
    String[] range = gap.split("-", 2);
    return new Gap(Long.parseLong(range[0]), Long.parseLong(range[range.length - 1]));
  }

  private static String field(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new IllegalArgumentException("an entry has no field '" + name + "'");
    }
    return value;
  }

  /**
   * The id of the entry in its stream.
   *
   * @return such as {@code 1764600000000-0}
   */
  public String id() {
    return millis + "-" + sequence;
  }

  /** By time, then by partition; so entries of one session keep their order. */
  @Override
  public int compareTo(LoggedEntry other) {
    int byTime = Long.compare(millis, other.millis);
    int byPartition = byTime != 0 ? byTime : Integer.compare(partition, other.partition);
    return byPartition != 0 ? byPartition : Long.compare(sequence, other.sequence);
  }
}
