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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
 * client|setname}, select and ping, in a Cluster {@code cluster|slots} and asking, and with a
 * message log xadd, set, get, xlen and {@code xinfo|groups}.
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

  private final RedisSettings settings;
  private final Keys keys;
  private final List<Bytes> ttls;
  private final CommitScript commits;
  private final @Nullable Partitions partitions;
  private final @Nullable MessageLogInquiry inquiry;
  private final RedisScripts scripts;
  private final DamagedEntries damaged;

  /**
   * Makes a store without a message log; connects when first used.
   *
   * @param settings where Redis is and how to connect to it
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings) {
    this(settings, Optional.empty(), ChatMetrics.NONE);
  }

  /**
   * Makes a store; connects when first used.
   *
   * @param settings where Redis is and how to connect to it
   * @param log how messages are kept; empty if they are not
   * @param metrics gets an error of the kind {@code store_entry} for each entry that is not a
   *     session, {@code message_log} for each commit that the log refused, and what is added to the
   *     log
   * @throws IllegalArgumentException if the file of trusted certificates cannot be read
   */
  public RedisSessionStore(RedisSettings settings, Optional<MessageLog> log, ChatMetrics metrics) {
    this(settings, log, metrics, new RedisScripts(settings));
  }

  RedisSessionStore(
      RedisSettings settings, Optional<MessageLog> log, ChatMetrics metrics, RedisScripts scripts) {
    long ttlMillis = settings.sessionTtl().toMillis();
    long unusedTtlMillis = Math.min(ttlMillis, settings.unusedSessionTtl().toMillis());
    this.settings = settings;
    this.keys = new Keys(settings, log);
    this.ttls = List.of(new Bytes(Ascii.of(ttlMillis)), new Bytes(Ascii.of(unusedTtlMillis)));
    this.damaged = new DamagedEntries(metrics);
    this.commits = new CommitScript(keys, log, ttls, damaged, metrics);
    this.partitions = log.map(each -> new Partitions(each, scripts)).orElse(null);
    this.inquiry =
        log.map(each -> new MessageLogInquiry(each, settings, scripts.connections())).orElse(null);
    this.scripts = scripts;
  }

  @Override
  public boolean keepsMessages() {
    return partitions != null;
  }

  @Override
  public Lease open(SessionId id) {
    Answer answer = openings(List.of(id)).get(0);
    return lease(id, orThrow(answer)).orElseThrow(RedisSessionStore::nothingStored);
  }

  @Override
  public CommitResult commit(Commit commit) {
    Answer answer = committed(List.of(commit)).get(0);
    Numbers unused = orThrow(answer);
    CommitResult result = commits.results(List.of(commit), List.of(answer)).get(0);
    if (result == CommitResult.UNAVAILABLE) {
      throw nothingStored();
    }
    return result;
  }

  @Override
  public List<Optional<Lease>> openAll(List<SessionId> ids) {
    List<Answer> answers = openings(ids);
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
  public List<CommitResult> commitAll(List<Commit> batch) {
    return commits.results(batch, committed(batch));
  }

  /**
   * {@inheritDoc}
   *
   * <p>With a message log, also compares the number of partitions with that of the other servers.
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
      Numbers unused = orThrow(answers.get(0));
    }
    if (partitions != null) {
      partitions.compare();
    }
  }

  /**
   * Looks whether this server may use the message log in Redis. Ask before clients connect: a
   * server that may not is never healthy.
   *
   * @return what is wrong, as a sentence; empty if nothing is, if there is no message log, or if
   *     Redis does not answer now
   */
  public Optional<String> misfitOfMessageLog() {
    return partitions == null ? Optional.empty() : partitions.difference();
  }

  /**
   * Asks how many entries the message log has, and how far its consumers are. Waits for the network
   * as other calls do, so call it seldom, on a thread of its own.
   *
   * @return nothing known if there is no message log
   * @throws StoreUnavailableException if Redis does not answer, or does not permit its user the
   *     commands {@code xlen} and {@code xinfo|groups}
   */
  public MessageLogStatus messageLogStatus() {
    return inquiry == null ? MessageLogStatus.UNKNOWN : inquiry.ask();
  }

  @Override
  public void close() {
    scripts.close();
  }

  private List<Answer> openings(List<SessionId> ids) {
    List<Call> calls = ids.stream().map(id -> new Call(keys.hash(id))).toList();
    return run(new ScriptBatch(Script.OPEN, ttls, calls));
  }

  private List<Answer> committed(List<Commit> batch) {
    return run(commits.batch(batch));
  }

  private List<Answer> run(ScriptBatch batch) {
    try {
      if (partitions != null) {
        partitions.require();
      }
      scripts.run(batch);
    } catch (StoreUnavailableException e) {
      batch.failed(IntStream.range(0, batch.size()).toArray(), e);
    }
    return batch.answers();
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

  private static StoreUnavailableException nothingStored() {
    return new StoreUnavailableException(
        "the session's key in Redis holds a value that is not a session, or the message log refuses"
            + " entries");
  }

  private static Numbers orThrow(Answer answer) {
    if (answer instanceof Failure failure) {
      throw failure.error();
    }
    return (Numbers) answer;
  }
}
