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
 * Keeps sessions in Redis, so that they survive the server and can be resumed at another one. Works
 * with Redis 5 and later: a single server, Sentinel, or Cluster.
 *
 * <p>Each session is a hash {@code tally:session:{<uuid>}} with the fields {@code v} (the layout's
 * version, 1), {@code epoch} (the newest lease), {@code count}, {@code created} and, while no
 * client is connected, {@code left} (ms since 1970 by Redis's clock). Redis removes it after the
 * time to live. If epoch or count is not a whole number of at most 15 digits, the session counts as
 * lost: the next open starts at 0, or the connected owner's next commit writes it again. Keys
 * {@code tally:health:*} live for a minute. A user of Redis's access control list needs {@code
 * ~tally:*} and the commands eval, evalsha, time, hmget, hset, hdel, pexpire, {@code
 * client|setname}, select and ping, and in a Cluster {@code cluster|slots} and asking.
 *
 * <p>Safe for use by several threads. A call waits for the network: at most about the connect
 * timeout plus twice the read timeout, or longer while Sentinels or Cluster nodes must be found.
 * Redis may start after the store is made.
 */
public final class RedisSessionStore implements SessionStore {

  private static final int CLUSTER_HEALTH_KEYS = 8;
  private static final Bytes HEALTH_TTL = new Bytes(Ascii.of(60_000));

  // What the scripts return for an entry that is not a session.
  private static final long NO_HASH = -1;
  private static final long NO_SESSION = 2;

  private static final Bytes LAST = new Bytes(Ascii.of(1));
  private static final Bytes NOT_LAST = new Bytes(Ascii.of(0));

  private final RedisSettings settings;
  private final RedisScripts scripts;
  private final List<Bytes> ttls;
  private final DamagedEntries damaged;

  /**
   * Makes a store; connects when first used.
   *
   * @param settings where Redis is and how to connect to it
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings) {
    this(settings, ChatMetrics.NONE);
  }

  /**
   * Makes a store; connects when first used.
   *
   * @param settings where Redis is and how to connect to it
   * @param metrics gets an error of the kind {@code store_entry} for each entry that is not a
   *     session
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings, ChatMetrics metrics) {
    this(settings, metrics, new RedisScripts(settings));
  }

  RedisSessionStore(RedisSettings settings, ChatMetrics metrics, RedisScripts scripts) {
    this.damaged = new DamagedEntries(metrics);
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
   * <p>Writes a key, as a session does: a server that answers but accepts no writes is not healthy.
   * A Cluster is healthy if at least one of several parts of it is. Commands for a master of a
   * Cluster that could not be reached, or did not answer in time, fail at once until it answers
   * this call.
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
    scripts.probeMasters(batch);
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

  /** Empty if the key is not a hash. */
  private Optional<Lease> lease(SessionId id, Numbers numbers) {
    long there = numbers.get(2);
    if (there == NO_HASH) {
      damaged.report(id, "it is not a hash; it is left as it is, and its client is refused");
      return Optional.empty();
    }
    if (there == NO_SESSION) {
      damaged.report(id, "its count starts again at 0, as for a lost session");
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

  /** {@code UNAVAILABLE} if the key is not a hash. */
  private CommitResult result(Commit commit, Numbers numbers) {
    long result = numbers.get(0);
    SessionId id = commit.lease().sessionId();
    if (result == NO_HASH) {
      damaged.report(id, "it is not a hash; it is left as it is, and nothing is stored");
      return CommitResult.UNAVAILABLE;
    }
    if (result == NO_SESSION) {
      damaged.report(id, "its connected owner has written it again");
    }
    return result == 0 ? CommitResult.SUPERSEDED : CommitResult.STORED;
  }

  private static StoreUnavailableException noHash() {
    return new StoreUnavailableException(
        "the session's key in Redis holds a value that is not a session");
  }

  private static Numbers orThrow(List<Answer> answers) {
    Answer answer = answers.get(0);
    if (answer instanceof Failure failure) {
      throw failure.error();
    }
    return (Numbers) answer;
  }
}
