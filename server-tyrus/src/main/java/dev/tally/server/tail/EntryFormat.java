package dev.tally.server.tail;

import dev.tally.chat.protocol.SessionId;
import dev.tally.server.logging.JsonText;
import dev.tally.session.redis.LoggedEntry;
import dev.tally.session.redis.LoggedEntry.Gap;
import dev.tally.session.redis.LoggedEntry.Message;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/** How {@code tail} writes an entry, in one line. */
enum EntryFormat {
  /**
   * For people. The session has the name that the server's log has for it: its id is a bearer
   * secret, and what a terminal shows is copied into chats and tickets.
   */
  TEXT {
    @Override
    String line(LoggedEntry entry) {
      StringBuilder line = new StringBuilder();
      line.append(time(entry)).append("  ").append(nameOf(entry.session())).append("  ");
      if (entry.content() instanceof Message message) {
        line.append(message.number()).append("  ");
        // In quotes and escaped: otherwise a client could send codes that the terminal obeys, or a
        // text that looks like more lines of this log.
        JsonText.append(line, message.text());
        message.subject().ifPresent(subject -> JsonText.append(line.append("  by "), subject));
      } else if (entry.content() instanceof Gap gap) {
        line.append(gap.from()).append('-').append(gap.to()).append("  not in the log");
      }
      return line.toString();
    }
  },

  /** For programs. The session has its id, a bearer secret. */
  JSON {
    @Override
    String line(LoggedEntry entry) {
      StringBuilder json = new StringBuilder("{");
      add(json, "id", entry.id());
      add(json, "partition", entry.partition());
      add(json, "at", time(entry));
      add(json, "session", entry.session());
      add(json, "began", entry.began());
      if (entry.content() instanceof Message message) {
        add(json, "n", message.number());
        add(json, "text", message.text());
        message.subject().ifPresent(subject -> add(json, "subject", subject));
      } else if (entry.content() instanceof Gap gap) {
        add(json, "gap", gap.from() + "-" + gap.to());
      }
      // In place of the last comma.
      json.setCharAt(json.length() - 1, '}');
      return json.toString();
    }
  };

  /** Always three digits of milliseconds: Instant's own text leaves out zeros. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

  /** The entry without the end of the line. */
  abstract String line(LoggedEntry entry);

  private static String time(LoggedEntry entry) {
    return TIME.format(Instant.ofEpochMilli(entry.millis()));
  }

  /** The session's name in logs; what has no id of a session as it is. */
  static String nameOf(String session) {
    try {
      return SessionId.parse(session).hash();
    } catch (IllegalArgumentException e) {
      return session;
    }
  }

  private static void add(StringBuilder json, String name, String text) {
    JsonText.append(json, name);
    json.append(':');
    JsonText.append(json, text);
    json.append(',');
  }

  private static void add(StringBuilder json, String name, long number) {
    JsonText.append(json, name);
    json.append(':').append(number).append(',');
  }
}
