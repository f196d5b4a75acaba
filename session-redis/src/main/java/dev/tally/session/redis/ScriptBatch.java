package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.args.Rawable;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * A script and the calls of it that are sent together. Calls are addressed by their index. A chunk
 * is the calls of one run of the script. Several threads may use a batch if each has its own
 * chunks.
 */
final class ScriptBatch {

  /**
   * The call for one session.
   *
   * @param key the session's key
   * @param other a second key that the script uses for this session; null if it uses none
   * @param arguments the script's arguments for this session
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; a list would cost each message more.
  record Call(Bytes key, @Nullable Bytes other, Bytes[] arguments) {

    Call(Bytes key, Bytes... arguments) {
      this(key, null, arguments);
    }

    /** How many bytes its arguments have. */
    long size() {
      long size = 0;
      for (Bytes argument : arguments) {
        size += argument.getRaw().length;
      }
      return size;
    }
  }

  /**
   * Bytes that Jedis sends without copying them.
   *
   * @param getRaw not changed afterwards
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Bytes(byte[] getRaw) implements Rawable {}

  /** The result of one call. */
  sealed interface Answer {}

  /**
   * The script ran.
   *
   * @param numbers what it returned for all keys of the chunk
   * @param from the index of the first number of this key
   */
  record Numbers(List<?> numbers, int from) implements Answer {

    long get(int index) {
      return (Long) numbers.get(from + index);
    }
  }

  /**
   * It is not known whether the script ran.
   *
   * @param error the reason
   */
  record Failure(StoreUnavailableException error) implements Answer {}

  private final Script script;
  private final List<Bytes> shared;
  private final List<Call> calls;
  private final Answer[] answers;

  /**
   * Makes a batch without results.
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

  long size(int index) {
    return calls.get(index).size();
  }

  byte[] key(int index) {
    return calls.get(index).key().getRaw();
  }

  /** The result of each call, once all have one. */
  List<Answer> answers() {
    return Arrays.asList(answers);
  }

  /**
   * Runs chunks in one pipeline.
   *
   * @return the server's reply for each chunk; it may be an error
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
    // The server does not have the script yet, or it was restarted. EVAL with the text makes it
    // keep the script.
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
   * Runs one chunk on the server that a redirection named.
   *
   * @param asking whether its key is still moving there; the server then demands ASKING first
   * @return the server's reply; it may be an error
   */
  Object runRedirected(Connection connection, int[] chunk, boolean asking) {
    return exchange(connection, List.of(chunk), Command.EVAL, asking).get(0);
  }

  /**
   * The only place that sends and reads. If anything is thrown before every reply was read and
   * checked, the connection is marked as broken and does not return to its pool. Otherwise the next
   * batch would read the remaining replies as its own, and acknowledge messages that are not
   * stored.
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
      if (!match(chunks, replies)) {
        throw new JedisDataException("its replies do not match the commands");
      }
      complete = true;
      return replies;
    } finally {
      if (!complete) {
        connection.setBroken();
      }
    }
  }

  private boolean match(List<int[]> chunks, List<Object> replies) {
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

  /** EVAL or EVALSHA with its arguments for a chunk. */
  private CommandArguments arguments(Command command, int[] chunk) {
    CommandArguments arguments = new CommandArguments(command);
    arguments.add(command == Command.EVAL ? script.text() : script.sha());
    // All calls of a batch have two keys, or one.
    boolean pairs = calls.get(chunk[0]).other() != null;
    arguments.add(pairs ? 2 * chunk.length : chunk.length);
    for (int index : chunk) {
      arguments.add(calls.get(index).key());
    }
    for (int index : chunk) {
      Bytes other = calls.get(index).other();
      if (other != null) {
        arguments.add(other);
      }
    }
    shared.forEach(arguments::add);
    for (int index : chunk) {
      for (Bytes argument : calls.get(index).arguments()) {
        arguments.add(argument);
      }
    }
    return arguments;
  }

  /** Sets the results of a chunk from the server's reply. */
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

  /** Sets the results of a chunk for which no reply was read. */
  void failed(int[] chunk, StoreUnavailableException error) {
    Failure failure = new Failure(error);
    for (int index : chunk) {
      answers[index] = failure;
    }
  }
}
