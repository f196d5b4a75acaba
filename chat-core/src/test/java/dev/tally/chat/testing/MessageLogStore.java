package dev.tally.chat.testing;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds a message log to a store, in memory. Safe for use by several threads. */
public class MessageLogStore extends ForwardingStore {

  private static final class Log {
    private final List<LogEntry> entries = new ArrayList<>();
    private int beginnings;
    private long last;

    void beginAgain() {
      beginnings++;
      last = 0;
    }

    void add(Commit commit) {
      String began = "beginning " + beginnings;
      if (last < commit.before()) {
        entries.add(new LogEntry.Gap(began, last + 1, commit.before()));
        last = commit.before();
      }
      for (byte[] text : commit.messages().subList(skipped(commit), commit.messages().size())) {
        entries.add(new LogEntry.Message(began, ++last, new String(text, StandardCharsets.UTF_8)));
      }
    }

    private int skipped(Commit commit) {
      return (int) Math.min(commit.messages().size(), last - commit.before());
    }
  }

  private final Map<SessionId, Log> logs = new HashMap<>();

  /**
   * Makes a store with an empty log.
   *
   * @param delegate keeps the counts
   */
  public MessageLogStore(SessionStore delegate) {
    super(delegate);
  }

  @Override
  public boolean keepsMessages() {
    return true;
  }

  @Override
  public synchronized Lease open(SessionId id) {
    Lease lease = super.open(id);
    if (!lease.resumed()) {
      of(id).beginAgain();
    }
    return lease;
  }

  @Override
  public synchronized CommitResult commit(Commit commit) {
    CommitResult result = super.commit(commit);
    if (result == CommitResult.STORED) {
      of(commit.lease().sessionId()).add(commit);
    }
    return result;
  }

  /** Begins the numbers of every session again, as a store that has lost them. */
  public synchronized void forget() {
    logs.values().forEach(Log::beginAgain);
  }

  /**
   * Reads the log.
   *
   * @param id the session
   * @return what the log has of this session, oldest first
   */
  public synchronized List<LogEntry> log(SessionId id) {
    return List.copyOf(of(id).entries);
  }

  private Log of(SessionId id) {
    return logs.computeIfAbsent(id, key -> new Log());
  }
}
