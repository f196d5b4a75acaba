package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.session.redis.ScriptBatch.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a session: its hash and, if there is a message log, the stream of its messages. In a
 * Cluster what stands in braces decides which master has a key. One script changes both keys, so
 * there, with a message log, both have the number of the partition in braces.
 */
final class Keys {

  private static final String SESSION = "tally:session:";

  private final @Nullable MessageLog log;
  private final boolean partitioned;

  /** The key of a hash without its id; one for each partition if they differ. */
  private final List<byte[]> hashes = new ArrayList<>();

  private final List<Bytes> streams = new ArrayList<>();

  Keys(RedisSettings settings, Optional<MessageLog> log) {
    this.log = log.orElse(null);
    this.partitioned = log.isPresent() && settings.topology() instanceof RedisSettings.Cluster;
    String noId = new UUID(0, 0).toString();
    int partitions = log.map(MessageLog::partitions).orElse(0);
    for (int partition = 0; partition < partitions; partition++) {
      streams.add(new Bytes(Ascii.of(MessageLog.stream(partition))));
      if (partitioned) {
        hashes.add(Ascii.of(SESSION + "{" + partition + "}:" + noId));
      }
    }
    if (!partitioned) {
      hashes.add(Ascii.of(SESSION + "{" + noId + "}"));
    }
  }

  /** The key of the session's hash. */
  Bytes hash(SessionId id) {
    byte[] key = hashes.get(partitioned && log != null ? log.partitionOf(id) : 0).clone();
    Ascii.write(id.value(), key, partitioned ? key.length : key.length - 1);
    return new Bytes(key);
  }

  /** The key of the stream of the session's messages; there must be a message log. */
  Bytes stream(SessionId id) {
    if (log == null) {
      throw new IllegalStateException("there is no message log");
    }
    return streams.get(log.partitionOf(id));
  }

  /** The key of that stream as text. */
  String streamName(SessionId id) {
    return new String(stream(id).getRaw(), StandardCharsets.US_ASCII);
  }
}
