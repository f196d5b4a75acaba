package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.SessionStore.CommitResult;
import dev.tally.session.redis.ScriptBatch.Answer;
import dev.tally.session.redis.ScriptBatch.Bytes;
import dev.tally.session.redis.ScriptBatch.Call;
import dev.tally.session.redis.ScriptBatch.Numbers;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What {@code commit.lua} is given for commits, and what its answers mean. Safe for use by several
 * threads.
 */
final class CommitScript {

  private static final Logger LOGGER = System.getLogger(CommitScript.class.getName());

  // What the script returns besides 0 for a newer lease and 1 for a stored count.
  private static final long NO_HASH = -1;
  private static final long LOG_REFUSED = -2;
  private static final long WAS_DAMAGED = 2;

  private static final Bytes NOTHING = new Bytes(new byte[0]);
  private static final Bytes LAST = new Bytes(Ascii.of(1));
  private static final Bytes NOT_LAST = new Bytes(Ascii.of(0));

  private final Keys keys;
  private final @Nullable MessageLog log;
  private final List<Bytes> shared;
  private final DamagedEntries damaged;
  private final ChatMetrics metrics;
  private final AtomicBoolean saidThatLogRefuses = new AtomicBoolean();

  CommitScript(
      Keys keys,
      Optional<MessageLog> log,
      List<Bytes> ttls,
      DamagedEntries damaged,
      ChatMetrics metrics) {
    this.keys = keys;
    this.log = log.orElse(null);
    this.shared = new ArrayList<>(ttls);
    this.shared.add(log.map(each -> new Bytes(Ascii.of(each.length()))).orElse(NOTHING));
    this.damaged = damaged;
    this.metrics = metrics;
  }

  ScriptBatch batch(List<Commit> commits) {
    // Not a stream: this runs for every message, and a stream costs 200 bytes more.
    List<Call> calls = new ArrayList<>(commits.size());
    for (int i = 0; i < commits.size(); i++) {
      calls.add(call(commits.get(i)));
    }
    return new ScriptBatch(log == null ? Script.COMMIT : Script.COMMIT_AND_LOG, shared, calls);
  }

  private Call call(Commit commit) {
    SessionId id = commit.lease().sessionId();
    Bytes key = keys.hash(id);
    Bytes epoch = new Bytes(Ascii.of(commit.lease().epoch()));
    Bytes count = new Bytes(Ascii.of(commit.count()));
    Bytes last = commit.last() ? LAST : NOT_LAST;
    if (log == null) {
      return new Call(key, epoch, count, last);
    }
    List<byte[]> messages = commit.messages();
    Bytes[] arguments = new Bytes[5 + messages.size()];
    arguments[0] = epoch;
    arguments[1] = count;
    arguments[2] = last;
    arguments[3] =
        commit
            .subject()
            .map(subject -> new Bytes(subject.value().getBytes(StandardCharsets.UTF_8)))
            .orElse(NOTHING);
    arguments[4] = new Bytes(Ascii.of(messages.size()));
    for (int i = 0; i < messages.size(); i++) {
      arguments[5 + i] = new Bytes(messages.get(i));
    }
    return new Call(key, keys.stream(id), arguments);
  }

  /** What became of each commit; {@code UNAVAILABLE} where it is unknown, or nothing was stored. */
  List<CommitResult> results(List<Commit> commits, List<Answer> answers) {
    List<CommitResult> results = new ArrayList<>(commits.size());
    Additions additions = log == null ? null : new Additions();
    for (int i = 0; i < commits.size(); i++) {
      if (answers.get(i) instanceof Numbers numbers) {
        results.add(result(commits.get(i), numbers.get(0)));
        if (additions != null) {
          additions.add(commits.get(i), numbers.get(1), numbers.get(2));
        }
      } else {
        results.add(CommitResult.UNAVAILABLE);
      }
    }
    if (additions != null) {
      additions.report(metrics);
    }
    return results;
  }

  private CommitResult result(Commit commit, long code) {
    SessionId id = commit.lease().sessionId();
    if (code == NO_HASH) {
      damaged.report(id, "it is not a hash; it is left as it is, and nothing is stored");
      return CommitResult.UNAVAILABLE;
    }
    if (code == LOG_REFUSED) {
      reportRefusal(id);
      return CommitResult.UNAVAILABLE;
    }
    if (code == WAS_DAMAGED) {
      damaged.report(id, "its connected owner has written it again");
    }
    return code == 0 ? CommitResult.SUPERSEDED : CommitResult.STORED;
  }

  private void reportRefusal(SessionId id) {
    metrics.error("message_log");
    if (saidThatLogRefuses.compareAndSet(false, true)) {
      LOGGER.log(
          Level.WARNING,
          "{0} took no message, so no count of its sessions is stored: Redis is out of memory, or"
              + " the key is not a stream (said once)",
          keys.streamName(id));
    }
  }

  /** What a batch did to the log. */
  private static final class Additions {
    private int messages;
    private long bytes;
    private long missing;
    private int sessionsWithGap;

    void add(Commit commit, long added, long notThere) {
      List<byte[]> texts = commit.messages();
      for (byte[] text : texts.subList(texts.size() - (int) added, texts.size())) {
        bytes += text.length;
      }
      messages += (int) added;
      missing += notThere;
      sessionsWithGap += notThere > 0 ? 1 : 0;
    }

    void report(ChatMetrics metrics) {
      if (messages > 0) {
        metrics.logged(messages, bytes);
      }
      if (missing > 0) {
        metrics.missingFromLog(missing);
        LOGGER.log(
            Level.WARNING,
            "{0} messages of {1} sessions are not in the message log; it has an entry \"gap\" for"
                + " each session. They were counted while the log was off, or Redis has lost them.",
            Long.toString(missing),
            Integer.toString(sessionsWithGap));
      }
    }
  }
}
