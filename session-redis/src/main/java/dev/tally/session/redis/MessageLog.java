package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import java.util.zip.CRC32;

/**
 * The message log: every counted message is added to a stream in Redis, in the step that stores its
 * count. The streams are called partitions. All messages of a session are in one partition.
 *
 * @param partitions number of streams; 1 to 1024. Every server on one Redis must have the same
 *     number, because it decides where a session's messages are.
 * @param length about how many entries a partition keeps: older ones are removed; 0 for no limit
 */
public record MessageLog(int partitions, long length) {

  /** The default of {@code partitions}. */
  public static final int DEFAULT_PARTITIONS = 16;

  /** The largest value of {@code partitions}. */
  public static final int MAX_PARTITIONS = 1024;

  /** The default of {@code length}. */
  public static final long DEFAULT_LENGTH = 1_000_000;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public MessageLog {
    if (partitions < 1 || partitions > MAX_PARTITIONS) {
      throw new IllegalArgumentException(
          "partitions must be from 1 to " + MAX_PARTITIONS + ", not " + partitions);
    }
    if (length < 0) {
      throw new IllegalArgumentException("length must be 0 or more, not " + length);
    }
  }

  /**
   * The key of a partition's stream. The braces make the number the hash tag of a Cluster.
   *
   * @param partition its number, from 0
   * @return {@code tally:messages:{0}} and so on
   */
  public static String stream(int partition) {
    return "tally:messages:{" + partition + "}";
  }

  /**
   * The partition of a session: the CRC-32 of its id as text in lower case, modulo the number of
   * partitions.
   *
   * @param id the session
   * @return 0 up to {@code partitions - 1}
   */
  public int partitionOf(SessionId id) {
    CRC32 crc = new CRC32();
    crc.update(Ascii.of(id.value()));
    return (int) (crc.getValue() % partitions);
  }
}
