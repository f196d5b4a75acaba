package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.args.Rawable;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * One script and the calls of it that go out together. Calls are named by their index; a chunk of
 * them is one run of the script. Threads may share a batch as long as their chunks differ.
 */
final class ScriptBatch {

  /**
   * One session's part.
   *
   * @param key the session's key
   * @param arguments what the script wants to know of it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Call(Bytes key, Bytes... arguments) {}

  /**
   * What Jedis takes without a copy.
   *
   * @param getRaw not changed any more
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Bytes(byte[] getRaw) implements Rawable {}

  /** What became of one call. */
  sealed interface Answer {}

  /**
   * The script ran.
   *
   * @param numbers what it said for all keys of the chunk
   * @param from where this key's begin
   */
  record Numbers(List<?> numbers, int from) implements Answer {

    long get(int index) {
      return (Long) numbers.get(from + index);
    }
  }

  /**
   * It is unknown whether the script ran.
   *
   * @param error why
   */
  record Failure(StoreUnavailableException error) implements Answer {}

  private final Script script;
  private final List<Bytes> shared;
  private final List<Call> calls;
  private final Answer[] answers;

  /**
   * Makes a batch that nobody answered yet.
   *
   * @param script the script
   * @param shared the arguments that all calls have in common
   * @param calls one for each session
   */
  ScriptBatch(Script script, List<Bytes> shared, List<Call> calls) {
    this.script = script;
    this.shared = shared;
    this.calls = calls;
    this.answers = new Answer[calls.size()];
  }

  int size() {
    return answers.length;
  }

  byte[] key(int index) {
    return calls.get(index).key().getRaw();
  }

  /** One answer for each call, once each has one. */
  List<Answer> answers() {
    return Arrays.asList(answers);
  }

  /**
   * Runs chunks in one pipeline.
   *
   * @return what the server answered for each chunk, errors among it
   */
  List<Object> runOn(Connection connection, List<int[]> chunks) {
    List<Object> replies = exchange(connection, chunks, Command.EVALSHA, false);
    List<int[]> unknown = new ArrayList<>();
    for (int i = 0; i < chunks.size(); i++) {
      if (replies.get(i) instanceof JedisNoScriptException) {
        unknown.add(chunks.get(i));
      }
    }
    if (unknown.isEmpty()) {
      return replies;
    }
    // The first run brings the text, and from then on the server knows it.
    List<Object> again = exchange(connection, unknown, Command.EVAL, false);
    List<Object> merged = new ArrayList<>(replies);
    for (int i = 0, next = 0; i < merged.size(); i++) {
      if (merged.get(i) instanceof JedisNoScriptException) {
        merged.set(i, again.get(next++));
      }
    }
    return merged;
  }

  /**
   * Runs one chunk at the server that another one named.
   *
   * @param asking whether its key is still moving there
   * @return what the server answered, an error perhaps
   */
  Object runRedirected(Connection connection, int[] chunk, boolean asking) {
    return exchange(connection, List.of(chunk), Command.EVAL, asking).get(0);
  }

  /**
   * The only place that sends and reads. Unless every answer was read and fits what was asked, the
   * connection is broken: in its pool, the next batch would take what is left for its own.
   */
  private List<Object> exchange(
      Connection connection, List<int[]> chunks, Command first, boolean asking) {
    boolean complete = false;
    try {
      if (asking) {
        connection.sendCommand(Command.ASKING);
      }
      Command command = first;
      for (int[] chunk : chunks) {
        connection.sendCommand(arguments(command, chunk));
        command = Command.EVALSHA;
      }
      int ahead = asking ? 1 : 0;
      List<Object> all = connection.getMany(ahead + chunks.size());
      List<Object> replies = all.subList(Math.min(ahead, all.size()), all.size());
      if (!fit(chunks, replies)) {
        throw new JedisDataException("its answers do not fit what it was asked");
      }
      complete = true;
      return replies;
    } finally {
      if (!complete) {
        connection.setBroken();
      }
    }
  }

  private boolean fit(List<int[]> chunks, List<Object> replies) {
    if (replies.size() != chunks.size()) {
      return false;
    }
    for (int i = 0; i < replies.size(); i++) {
      if (!(replies.get(i) instanceof JedisDataException)
          && !(replies.get(i) instanceof List<?> numbers
              && numbers.size() == chunks.get(i).length * script.answers()
              && numbers.stream().allMatch(Long.class::isInstance))) {
        return false;
      }
    }
    return true;
  }

  /** EVAL or EVALSHA, and what it takes for a chunk. */
  private CommandArguments arguments(Command command, int[] chunk) {
    CommandArguments arguments = new CommandArguments(command);
    arguments.add(command == Command.EVAL ? script.text() : script.sha());
    arguments.add(chunk.length);
    for (int index : chunk) {
      arguments.add(calls.get(index).key());
    }
    shared.forEach(arguments::add);
    for (int index : chunk) {
      for (Bytes argument : calls.get(index).arguments()) {
        arguments.add(argument);
      }
    }
    return arguments;
  }

  /** Takes in what the server answered for a chunk. */
  void answered(
      int[] chunk, Object reply, Function<JedisDataException, StoreUnavailableException> failure) {
    if (reply instanceof JedisDataException error) {
      failed(chunk, failure.apply(error));
      return;
    }
    List<?> numbers = (List<?>) reply;
    for (int i = 0; i < chunk.length; i++) {
      answers[chunk[i]] = new Numbers(numbers, script.answers() * i);
    }
  }

  /** Takes in that nobody knows what became of a chunk. */
  void failed(int[] chunk, StoreUnavailableException error) {
    Failure failure = new Failure(error);
    for (int index : chunk) {
      answers[index] = failure;
    }
  }
}
