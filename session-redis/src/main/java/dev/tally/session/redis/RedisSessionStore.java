package dev.tally.session.redis;

import dev.tally.chat.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
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
 * is over. Keys {@code tally:health:*} live for a minute. A user of Redis's access control list
 * needs {@code ~tally:*} and the commands eval, evalsha, time, hmget, hset, hdel, pexpire, {@code
 * client|setname}, select and ping, and in a Cluster {@code cluster|slots} and asking.
 *
 * <p>Safe for use by several threads. A call waits for the network, at the most about the connect
 * timeout and twice the read timeout, or longer while Sentinels or Cluster nodes have to be found.
 * Redis need not be there when the store is made.
 */
public final class RedisSessionStore implements SessionStore {

  private static final int CLUSTER_HEALTH_KEYS = 8;
  private static final Bytes HEALTH_TTL = new Bytes(Ascii.of(60_000));
  private static final Bytes LAST = new Bytes(Ascii.of(1));
  private static final Bytes NOT_LAST = new Bytes(Ascii.of(0));

  private final RedisSessionConfig config;
  private final RedisScripts scripts;
  private final Bytes ttlMillis;

  /**
   * Makes a store; connects when first used.
   *
   * @param config where Redis is
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSessionConfig config) {
    this(config, new RedisScripts(config));
  }

  RedisSessionStore(RedisSessionConfig config, RedisScripts scripts) {
    this.config = config;
    this.scripts = scripts;
    this.ttlMillis = new Bytes(Ascii.of(config.sessionTtl().toMillis()));
  }

  @Override
  public Lease open(SessionId id) {
    return lease(id, orThrow(run(Script.OPEN, ttlMillis, List.of(id), RedisSessionStore::opening)));
  }

  @Override
  public CommitResult commit(Commit commit) {
    return result(
        orThrow(run(Script.COMMIT, ttlMillis, List.of(commit), RedisSessionStore::committing)));
  }

  @Override
  public List<Optional<Lease>> openAll(List<SessionId> ids) {
    List<Answer> answers = run(Script.OPEN, ttlMillis, ids, RedisSessionStore::opening);
    List<Optional<Lease>> leases = new ArrayList<>(ids.size());
    for (int i = 0; i < answers.size(); i++) {
      leases.add(
          answers.get(i) instanceof Numbers numbers
              ? Optional.of(lease(ids.get(i), numbers))
              : Optional.empty());
    }
    return leases;
  }

  @Override
  public List<CommitResult> commitAll(List<Commit> commits) {
    List<Answer> answers = run(Script.COMMIT, ttlMillis, commits, RedisSessionStore::committing);
    List<CommitResult> results = new ArrayList<>(commits.size());
    for (Answer answer : answers) {
      results.add(answer instanceof Numbers numbers ? result(numbers) : CommitResult.UNAVAILABLE);
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
    int keys = config.topology() instanceof RedisSessionConfig.Cluster ? CLUSTER_HEALTH_KEYS : 1;
    ScriptBatch batch =
        new ScriptBatch(
            Script.OPEN,
            HEALTH_TTL,
            IntStream.range(0, keys)
                .mapToObj(key -> new Call(new Bytes(Ascii.of("tally:health:" + key))))
                .toList());
    scripts.revisitMasters(batch);
    scripts.run(batch);
    List<Answer> answers = batch.answers();
    if (answers.stream().noneMatch(Numbers.class::isInstance)) {
      orThrow(answers);
    }
  }

  @Override
  public void close() {
    scripts.close();
  }

  private <T> List<Answer> run(Script script, Bytes ttl, List<T> what, Function<T, Call> toCall) {
    ScriptBatch batch = new ScriptBatch(script, ttl, what.stream().map(toCall).toList());
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

  private static Lease lease(SessionId id, Numbers numbers) {
    long gap = numbers.get(3);
    return new Lease(
        id,
        numbers.get(0),
        numbers.get(1),
        numbers.get(2) == 1,
        gap < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(gap)));
  }

  private static CommitResult result(Numbers numbers) {
    return numbers.get(0) == 1 ? CommitResult.STORED : CommitResult.SUPERSEDED;
  }

  private static Numbers orThrow(List<Answer> answers) {
    Answer answer = answers.get(0);
    if (answer instanceof Failure failure) {
      throw failure.error();
    }
    return (Numbers) answer;
  }
}
