package dev.tally.session.redis;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.ChatMetrics;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.ScriptBatch.Answer;
import dev.tally.session.redis.ScriptBatch.Bytes;
import dev.tally.session.redis.ScriptBatch.Call;
import dev.tally.session.redis.ScriptBatch.Failure;
import dev.tally.session.redis.ScriptBatch.Numbers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Sessions in Redis, so that they outlive the server and can be resumed at another one. Works with
 * Redis 5 and later: a single server, Sentinel, or Cluster.
 *
 * <p>Each session is a hash {@code tally:session:{<uuid>}} with the fields {@code v} (the layout's
 * version, 1), {@code epoch} (the newest lease), {@code count}, {@code created} and, while nobody
 * is connected, {@code left} (ms since 1970 by Redis's clock). Redis drops it when the time to live
 * is over. Where epoch or count is no whole number of 15 digits at the most, the session counts as
 * lost: the next open begins anew, and its owner's next commit writes it again. Keys {@code
 * tally:health:*} live for a minute. A user of Redis's access control list needs {@code ~tally:*}
 * and the commands eval, evalsha, time, hmget, hset, hdel, pexpire, {@code client|setname}, select
 * and ping, and in a Cluster {@code cluster|slots} and asking.
 *
 * <p>Safe for use by several threads. A call waits for the network, at the most about the connect
 * timeout and twice the read timeout, or longer while Sentinels or Cluster nodes have to be found.
 * Redis need not be there when the store is made.
 */
public final class RedisSessionStore implements SessionStore {

  private static final int CLUSTER_HEALTH_KEYS = 8;
  private static final Bytes HEALTH_TTL = new Bytes(Ascii.of(60_000));

  // What the scripts answer in place of a session's numbers, and of 0 or 1.
  private static final long NO_HASH = -1;
  private static final long NO_SESSION = 2;

  private static final Bytes LAST = new Bytes(Ascii.of(1));
  private static final Bytes NOT_LAST = new Bytes(Ascii.of(0));

  private final RedisSettings settings;
  private final RedisScripts scripts;
  private final List<Bytes> ttls;
  private final StrangeEntries strange;

  /**
   * Makes a store; connects when first used.
   *
   * @param settings where Redis is
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings) {
    this(settings, ChatMetrics.NONE);
  }

  /**
   * Makes a store; connects when first used.
   *
   * @param settings where Redis is
   * @param metrics told of each entry that is no session, as an error of the kind {@code
   *     store_entry}
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings, ChatMetrics metrics) {
    this(settings, metrics, new RedisScripts(settings));
  }

  RedisSessionStore(RedisSettings settings, ChatMetrics metrics, RedisScripts scripts) {
    this.strange = new StrangeEntries(metrics);
    this.settings = settings;
    this.scripts = scripts;
    long ttlMillis = settings.sessionTtl().toMillis();
    long unusedTtlMillis = Math.min(ttlMillis, settings.unusedSessionTtl().toMillis());
    this.ttls = List.of(new Bytes(Ascii.of(ttlMillis)), new Bytes(Ascii.of(unusedTtlMillis)));
  }

  @Override
  public Lease open(SessionId id) {
    Numbers numbers = orThrow(run(Script.OPEN, List.of(id), RedisSessionStore::opening));
    return lease(id, numbers).orElseThrow(RedisSessionStore::noHash);
  }

  @Override
  public CommitResult commit(Commit commit) {
    CommitResult result =
        result(commit, orThrow(run(Script.COMMIT, List.of(commit), RedisSessionStore::committing)));
    if (result == CommitResult.UNAVAILABLE) {
      throw noHash();
    }
    return result;
  }

  @Override
  public List<Optional<Lease>> openAll(List<SessionId> ids) {
    List<Answer> answers = run(Script.OPEN, ids, RedisSessionStore::opening);
    List<Optional<Lease>> leases = new ArrayList<>(ids.size());
    for (int i = 0; i < answers.size(); i++) {
      leases.add(
          answers.get(i) instanceof Numbers numbers
              ? lease(ids.get(i), numbers)
              : Optional.empty());
    }
    return leases;
  }

  @Override
  public List<CommitResult> commitAll(List<Commit> commits) {
    List<Answer> answers = run(Script.COMMIT, commits, RedisSessionStore::committing);
    List<CommitResult> results = new ArrayList<>(commits.size());
    for (int i = 0; i < answers.size(); i++) {
      results.add(
          answers.get(i) instanceof Numbers numbers
              ? result(commits.get(i), numbers)
              : CommitResult.UNAVAILABLE);
    }
    return results;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Writes a key, as a session would: a server that answers but takes nothing is not healthy. A
   * Cluster is healthy if any of several parts of it is. What goes to a master of a Cluster that
   * could not be reached, or did not answer in time, fails at once until this call hears from it
   * again.
   */
  @Override
  public void checkHealth() {
    int keys = settings.topology() instanceof RedisSettings.Cluster ? CLUSTER_HEALTH_KEYS : 1;
    ScriptBatch batch =
        new ScriptBatch(
            Script.OPEN,
            List.of(HEALTH_TTL, HEALTH_TTL),
            IntStream.range(0, keys)
                .mapToObj(key -> new Call(new Bytes(Ascii.of("tally:health:" + key))))
                .toList());
    scripts.revisitMasters(batch);
    scripts.run(batch);
    List<Answer> answers = batch.answers();
    if (answers.stream().noneMatch(Numbers.class::isInstance)) {
      Numbers unused = orThrow(answers);
    }
  }

  @Override
  public void close() {
    scripts.close();
  }

  private <T> List<Answer> run(Script script, List<T> what, Function<T, Call> toCall) {
    ScriptBatch batch = new ScriptBatch(script, ttls, what.stream().map(toCall).toList());
    scripts.run(batch);
    return batch.answers();
  }

  private static Call opening(SessionId id) {
    return new Call(new Bytes(Ascii.key(id.value())));
  }

  private static Call committing(Commit commit) {
    return new Call(
        new Bytes(Ascii.key(commit.lease().sessionId().value())),
        new Bytes(Ascii.of(commit.lease().epoch())),
        new Bytes(Ascii.of(commit.count())),
        commit.last() ? LAST : NOT_LAST);
  }

  /** Empty if the key is no hash. */
  private Optional<Lease> lease(SessionId id, Numbers numbers) {
    long there = numbers.get(2);
    if (there == NO_HASH) {
      strange.met(id, "its key is not even a hash, and is left as it is; its client is refused");
      return Optional.empty();
    }
    if (there == NO_SESSION) {
      strange.met(id, "it begins anew at 0, as one that was lost");
    }
    long gap = numbers.get(3);
    return Optional.of(
        new Lease(
            id,
            numbers.get(0),
            numbers.get(1),
            there == 1,
            gap < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(gap))));
  }

  /** Unavailable if the key is no hash. */
  private CommitResult result(Commit commit, Numbers numbers) {
    long result = numbers.get(0);
    SessionId id = commit.lease().sessionId();
    if (result == NO_HASH) {
      strange.met(id, "its key is not even a hash, and is left as it is; nothing is stored");
      return CommitResult.UNAVAILABLE;
    }
    if (result == NO_SESSION) {
      strange.met(id, "the connected owner has written it again");
    }
    return result == 0 ? CommitResult.SUPERSEDED : CommitResult.STORED;
  }

  private static StoreUnavailableException noHash() {
    return new StoreUnavailableException("something else stands under the session's key in Redis");
  }

  private static Numbers orThrow(List<Answer> answers) {
    Answer answer = answers.get(0);
    if (answer instanceof Failure failure) {
      throw failure.error();
    }
    return (Numbers) answer;
  }
}
