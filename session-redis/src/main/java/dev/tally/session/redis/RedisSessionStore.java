package dev.tally.session.redis;

import dev.tally.chat.SessionId;
import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import dev.tally.chat.spi.SessionStore;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.RedisSessionConfig.Topology;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;
import redis.clients.jedis.exceptions.JedisRedirectionException;

/**
 * Sessions in Redis 6 or newer, as hashes {@code tally:session:{uuid}}; docs/OPERATIONS.md has the
 * layout. Connects when first asked, so that a server can start before its Redis. Safe for use by
 * several threads; every call is bounded by the timeouts of its {@link RedisSessionConfig}.
 */
public final class RedisSessionStore implements SessionStore {

  private static final Logger LOGGER = System.getLogger(RedisSessionStore.class.getName());

  // One script call for so many sessions: long enough to save work, short enough not to keep other
  // clients of the same Redis waiting.
  private static final int SESSIONS_PER_CALL = 64;

  private final RedisSessionConfig config;
  private final Script open = Script.load("open.lua");
  private final Script commit = Script.load("commit.lua");
  private final String ttlMillis;
  private final int sessionsPerCall;
  private final AtomicBoolean complained = new AtomicBoolean();
  private @Nullable UnifiedJedis client;
  private boolean closed;

  /** One script call: what goes in, and what is awaited. */
  private record Call(List<String> keys, List<String> arguments, Response<Object> response) {}

  /**
   * Makes a store that is not connected yet.
   *
   * @param config where Redis is
   */
  public RedisSessionStore(RedisSessionConfig config) {
    this.config = config;
    this.ttlMillis = Long.toString(config.sessionTtl().toMillis());
    // Sessions lie in different slots of a Cluster, and a script sees only one slot's keys.
    this.sessionsPerCall = config.topology() == Topology.CLUSTER ? 1 : SESSIONS_PER_CALL;
  }

  @Override
  public Lease open(SessionId id) {
    return openAll(List.of(id)).get(0).orElseThrow(RedisSessionStore::noAnswer);
  }

  @Override
  public CommitResult commit(Commit one) {
    CommitResult result = commitAll(List.of(one)).get(0);
    if (result == CommitResult.UNAVAILABLE) {
      throw noAnswer();
    }
    return result;
  }

  @Override
  public List<Optional<Lease>> openAll(List<SessionId> ids) {
    List<Optional<Lease>> leases = new ArrayList<>(ids.size());
    run(
        open,
        ids,
        SessionId::text,
        (id, arguments) -> {},
        4,
        (id, row) -> leases.add(row.map(numbers -> lease(id, numbers))));
    return leases;
  }

  @Override
  public List<CommitResult> commitAll(List<Commit> commits) {
    List<CommitResult> results = new ArrayList<>(commits.size());
    run(
        commit,
        commits,
        one -> one.lease().sessionId().text(),
        (one, arguments) -> {
          arguments.add(Long.toString(one.lease().epoch()));
          arguments.add(Long.toString(one.count()));
          arguments.add(one.last() ? "1" : "0");
        },
        1,
        (one, row) ->
            results.add(row.map(RedisSessionStore::result).orElse(CommitResult.UNAVAILABLE)));
    return results;
  }

  @Override
  public void checkHealth() {
    try {
      client().ping();
    } catch (JedisException e) {
      throw new StoreUnavailableException(reason(e), e);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (client != null) {
      client.close();
      client = null;
    }
  }

  private interface Arguments<T> {
    void add(T item, List<String> arguments);
  }

  private interface Answer<T> {
    void take(T item, Optional<List<Long>> row);
  }

  private interface Key<T> {
    String of(T item);
  }

  /** Runs a script for all items in one pipeline, and hands every item its row of the answer. */
  private <T> void run(
      Script script,
      List<T> items,
      Key<T> key,
      Arguments<T> arguments,
      int columns,
      Answer<T> answer) {
    List<@Nullable List<Long>> answers = new ArrayList<>();
    try {
      UnifiedJedis redis = client();
      List<Call> calls = new ArrayList<>();
      try (AbstractPipeline pipeline = redis.pipelined()) {
        for (int from = 0; from < items.size(); from += sessionsPerCall) {
          List<T> chunk = items.subList(from, Math.min(items.size(), from + sessionsPerCall));
          List<String> keys = new ArrayList<>(chunk.size());
          List<String> values = new ArrayList<>(1 + 3 * chunk.size());
          values.add(ttlMillis);
          for (T item : chunk) {
            keys.add("tally:session:{" + key.of(item) + "}");
            arguments.add(item, values);
          }
          calls.add(new Call(keys, values, pipeline.evalsha(script.sha(), keys, values)));
        }
        pipeline.sync();
      }
      for (Call call : calls) {
        answers.add(await(redis, script, call));
      }
    } catch (JedisException e) {
      complain(e);
    }
    for (int i = 0; i < items.size(); i++) {
      int call = i / sessionsPerCall;
      List<Long> numbers = call < answers.size() ? answers.get(call) : null;
      int column = i % sessionsPerCall * columns;
      answer.take(
          items.get(i),
          numbers == null
              ? Optional.empty()
              : Optional.of(numbers.subList(column, column + columns)));
    }
  }

  /** The call's numbers, or null if Redis did not answer it. */
  private @Nullable List<Long> await(UnifiedJedis redis, Script script, Call call) {
    try {
      Object reply;
      try {
        reply = call.response().get();
      } catch (JedisNoScriptException | JedisRedirectionException e) {
        // A script that is not there, or a slot that moved: the whole script, along the
        // redirection.
        reply = redis.eval(script.source(), call.keys(), call.arguments());
      }
      List<Long> numbers = new ArrayList<>();
      for (Object number : (List<?>) reply) {
        numbers.add((Long) number);
      }
      complained.set(false);
      return numbers;
    } catch (JedisException | IllegalStateException e) {
      // IllegalStateException: the node broke away before it answered this call of the pipeline.
      complain(e);
      return null;
    }
  }

  private synchronized UnifiedJedis client() {
    if (closed) {
      throw new StoreUnavailableException("the Redis store is closed");
    }
    UnifiedJedis connected = client;
    if (connected == null) {
      connected = RedisClients.connect(config);
      client = connected;
    }
    return connected;
  }

  private void complain(RuntimeException e) {
    if (complained.compareAndSet(false, true)) {
      LOGGER.log(Level.WARNING, reason(e));
    }
  }

  private String reason(RuntimeException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return "Redis at " + config.nodes() + " does not answer as it should: " + cause.getMessage();
  }

  private static Lease lease(SessionId id, List<Long> numbers) {
    long gap = numbers.get(3);
    return new Lease(
        id,
        numbers.get(0),
        numbers.get(1),
        numbers.get(2) == 1,
        gap < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(gap)));
  }

  private static CommitResult result(List<Long> numbers) {
    return numbers.get(0) == 1 ? CommitResult.STORED : CommitResult.SUPERSEDED;
  }

  private static StoreUnavailableException noAnswer() {
    return new StoreUnavailableException("Redis did not answer");
  }
}
