package dev.tally.session.redis;

import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.session.redis.ScriptBatch.Answer;
import dev.tally.session.redis.ScriptBatch.Bytes;
import dev.tally.session.redis.ScriptBatch.Call;
import dev.tally.session.redis.ScriptBatch.Failure;
import dev.tally.session.redis.ScriptBatch.Numbers;
import java.util.List;
import java.util.Optional;

/**
 * Makes sure that all servers on one Redis have the same number of partitions: the first one writes
 * it, the others compare. With two numbers a session's messages would be in two streams, in no
 * order. Safe for use by several threads.
 */
final class Partitions {

  static final String NAME = "tally:messages:partitions";

  private static final Bytes KEY = new Bytes(Ascii.of(NAME));

  private final int mine;
  private final RedisScripts scripts;
  private volatile boolean agreed;

  Partitions(MessageLog log, RedisScripts scripts) {
    this.mine = log.partitions();
    this.scripts = scripts;
  }

  /** Compares the numbers, unless they were the same at the last look. */
  void require() {
    if (!agreed) {
      compare();
    }
  }

  /**
   * Compares the numbers now. Once they were the same, a Redis that does not answer changes
   * nothing: in a Cluster it may be one master that is away.
   *
   * @throws StoreUnavailableException if Redis has another number, or did not answer yet
   */
  void compare() {
    long theirs;
    try {
      theirs = read();
    } catch (StoreUnavailableException e) {
      if (agreed) {
        return;
      }
      throw e;
    }
    agreed = theirs == mine;
    if (!agreed) {
      throw new StoreUnavailableException(difference(theirs));
    }
  }

  /** What is wrong, as a sentence; empty if the numbers are the same or Redis does not answer. */
  Optional<String> difference() {
    try {
      return Optional.of(read()).filter(theirs -> theirs != mine).map(this::difference);
    } catch (StoreUnavailableException e) {
      return Optional.empty();
    }
  }

  private String difference(long theirs) {
    return "the message log in Redis has "
        + (theirs < 0 ? "an unknown number of" : theirs)
        + " partitions, and this server is set to "
        + mine
        + ": all servers on one Redis must have the same number";
  }

  private long read() {
    ScriptBatch batch =
        new ScriptBatch(
            Script.PARTITIONS, List.of(), List.of(new Call(KEY, new Bytes(Ascii.of(mine)))));
    scripts.run(batch);
    Answer answer = batch.answers().get(0);
    if (answer instanceof Failure failure) {
      throw failure.error();
    }
    return ((Numbers) answer).get(0);
  }
}
