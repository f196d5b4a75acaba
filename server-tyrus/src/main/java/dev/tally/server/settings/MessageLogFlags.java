package dev.tally.server.settings;

import dev.tally.session.redis.MessageLog;
import java.util.Optional;

/** The flags of the message log. */
public final class MessageLogFlags {

  public final Setting<Boolean> on;
  public final Setting<Integer> partitions;
  public final Setting<Long> length;

  /**
   * Makes the flags.
   *
   * @param flags gets each of them
   */
  MessageLogFlags(Flags flags) {
    this.on =
        flags.add(
            "--message-log",
            "ON|OFF",
            new Values.OnOff(),
            false,
            "on: every counted message is kept in Redis, exactly once, for programs that read Redis"
                + " Streams. Needs --redis-url or --redis-url-file.");
    this.partitions =
        flags.add(
            "--message-log-partitions",
            "N",
            new Values.PositiveInt(),
            MessageLog.DEFAULT_PARTITIONS,
            "Streams of the message log; 1 to 1024. The same number for all servers on one Redis.");
    this.length =
        flags.add(
            "--message-log-length",
            "N",
            new Values.NonNegativeLong(),
            MessageLog.DEFAULT_LENGTH,
            "About how many messages each stream keeps. 0: all, until the memory of Redis is full.");
  }

  /**
   * The settings of the message log; empty if it is off.
   *
   * @throws IllegalArgumentException if a number breaks a rule, also if it is off
   */
  public Optional<MessageLog> settings() {
    MessageLog log = new MessageLog(partitions.value(), length.value());
    return Optional.of(log).filter(each -> on.value());
  }
}
