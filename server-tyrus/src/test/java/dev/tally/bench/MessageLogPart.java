package dev.tally.bench;

import dev.tally.session.redis.MessageLog;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** What it costs to keep every message in Redis, beside the same server that keeps the count. */
final class MessageLogPart {

  private static final String OFF = "log off";
  private static final String ON = "log on";
  private static final int[] SIZES = {Lab.PAYLOAD_BYTES, 4096};

  private MessageLogPart() {}

  static String run(Lab lab) throws IOException {
    StringBuilder section = new StringBuilder();
    List<Peer> peers = List.of();
    for (int size : SIZES) {
      try (RedisServer redis = RedisServer.start()) {
        peers = peers(lab, redis);
        section.append(String.format(Locale.ROOT, "**Messages of %,d bytes.** ", size));
        section.append(MessagePart.beside(lab, peers, redis, size, OFF)).append('\n');
        section.append(
            String.format(
                Locale.ROOT, "Memory of Redis for each entry: %,d bytes.%n%n", perEntry(redis)));
      }
    }
    try (RedisServer redis = RedisServer.start()) {
      section.append(
          "**5,000 sockets with a message of 32 bytes each in 5 s.** Milliseconds from the moment"
              + " at which a message was due:\n\n");
      section.append(ManySocketsPart.latencyOf(lab, peers(lab, redis), OFF));
    }
    return section + Report.commands(lab, peers);
  }

  private static List<Peer> peers(Lab lab, RedisServer redis) {
    Peers all = lab.peers(lab.jvm());
    return List.of(
        all.tally(OFF, "--redis-url", redis.url()),
        all.tally(
            ON,
            "--redis-url",
            redis.url(),
            "--message-log",
            "on",
            // Short enough to be full soon: a log that runs for long removes what it adds.
            "--message-log-length",
            "10000"));
  }

  private static long perEntry(RedisServer redis) {
    long bytes = 0;
    long entries = 0;
    for (int partition = 0; partition < MessageLog.DEFAULT_PARTITIONS; partition++) {
      String stream = MessageLog.stream(partition);
      entries += Long.parseLong(redis.cli("XLEN", stream));
      String used = redis.cli("MEMORY", "USAGE", stream, "SAMPLES", "0");
      bytes += used.isEmpty() ? 0 : Long.parseLong(used);
    }
    return bytes / Math.max(1, entries);
  }
}
