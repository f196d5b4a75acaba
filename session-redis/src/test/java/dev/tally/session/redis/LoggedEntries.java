package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.testing.LogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.resps.StreamEntry;

/** Reads the message log as docs/MESSAGES.md says. */
record LoggedEntries(UnifiedJedis redis, int partitions) {

  /** The entries of one session, in all partitions, so that one in the wrong stream is seen too. */
  List<LogEntry> log(SessionId id) {
    List<LogEntry> entries = new ArrayList<>();
    for (int partition = 0; partition < partitions; partition++) {
      for (Map<String, String> fields : fields(partition)) {
        if (id.text().equals(fields.get("session"))) {
          entries.add(entry(fields));
        }
      }
    }
    return entries;
  }

  List<Map<String, String>> fields(int partition) {
    return redis
        .xrange(MessageLog.stream(partition), (StreamEntryID) null, null, Integer.MAX_VALUE)
        .stream()
        .map(StreamEntry::getFields)
        .toList();
  }

  private static LogEntry entry(Map<String, String> fields) {
    String began = field(fields, "began");
    if (fields.containsKey("gap")) {
      String[] range = field(fields, "gap").split("-", -1);
      return new LogEntry.Gap(began, Long.parseLong(range[0]), Long.parseLong(range[1]));
    }
    return new LogEntry.Message(began, Long.parseLong(field(fields, "n")), field(fields, "text"));
  }

  private static String field(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new AssertionError("an entry has no field " + name + ": " + fields);
    }
    return value;
  }
}
