package dev.tally.server.tail;

import dev.tally.session.redis.LoggedEntry;
import dev.tally.session.redis.MessageLogReader;
import dev.tally.session.redis.MessageLogReader.Page;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * All partitions of the message log as one, in the order of time. Holds one page of each partition
 * at most. For one thread.
 */
final class MergedLog {

  /** A bound on memory: with 16 partitions, 8,000 entries at a time. */
  private static final int PAGE = 500;

  private final MessageLogReader reader;
  private final List<Part> parts = new ArrayList<>();

  private static final class Part {
    private final int partition;
    private final Deque<LoggedEntry> entries = new ArrayDeque<>();

    /** The id to go on behind. */
    private String last;

    /** The last page reached the end, so the other parts need not wait for this one. */
    private boolean complete;

    Part(int partition, String after) {
      this.partition = partition;
      this.last = after;
    }
  }

  MergedLog(MessageLogReader reader) {
    this.reader = reader;
  }

  /** Adds a partition, from behind an id on. */
  void add(int partition, String after) {
    parts.add(new Part(partition, after));
  }

  /**
   * The next entries, oldest first; empty if there is none now. An entry that is added while the
   * partitions are asked one after the other may come before an older one of another partition.
   *
   * @throws dev.tally.chat.spi.StoreUnavailableException if Redis did not answer; the call may be
   *     repeated
   */
  List<LoggedEntry> next() {
    for (Part part : parts) {
      if (part.entries.isEmpty()) {
        Page page = reader.read(part.partition, part.last, PAGE);
        // If Redis fails at a later partition, this page stays, and the next call goes on from
        // here.
        part.entries.addAll(page.entries());
        part.last = page.last();
        part.complete = page.complete();
      }
    }
    List<LoggedEntry> merged = new ArrayList<>();
    // Which one is the oldest is known only while each partition shows one, or has none left.
    while (parts.stream().allMatch(part -> part.complete || !part.entries.isEmpty())) {
      Optional<Part> oldest =
          parts.stream()
              .filter(part -> !part.entries.isEmpty())
              .min(Comparator.comparing(part -> part.entries.element()));
      if (oldest.isEmpty()) {
        break;
      }
      merged.add(oldest.get().entries.remove());
    }
    return merged;
  }
}
