package dev.tally.session.redis;

import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/** Turns errors of Redis and the network into a sentence for operators. */
final class RedisErrors {

  private static final Logger LOGGER = System.getLogger(RedisErrors.class.getName());

  private RedisErrors() {}

  /** The exception that the store throws for an error; logs errors of our own, such as bugs. */
  static StoreUnavailableException unavailable(RedisSettings settings, Throwable error) {
    if (error instanceof StoreUnavailableException known) {
      return known;
    }
    // Jedis throws IllegalStateException if its pool was closed meanwhile.
    if (!(error instanceof JedisException || error instanceof IllegalStateException)) {
      LOGGER.log(Level.ERROR, "a batch for Redis failed", error);
    }
    String sentence = sentence(settings, error);
    Throwable cause = rootCause(error);
    return cause instanceof JedisDataException && text(cause).startsWith("OOM")
        ? new StoreFullException(sentence, error)
        : new StoreUnavailableException(sentence, error);
  }

  /** Whether a server says that it is a replica: after a failover, connections lead to one. */
  static boolean isReadOnly(JedisDataException error) {
    return text(error).startsWith("READONLY");
  }

  private static String sentence(RedisSettings settings, Throwable error) {
    Throwable cause = rootCause(error);
    String what = text(cause);
    String redis = "Redis (" + settings + ") ";
    if (!(cause instanceof JedisDataException)) {
      return redis + "cannot be reached: " + what;
    }
    // The first word of an error is its code. Operators know the code, but not always its meaning.
    String code = what.split(" ", 2)[0];
    return switch (code) {
      case "WRONGPASS", "NOAUTH" -> redis + "refuses the user or the password: " + what;
      case "NOPERM" -> redis + "does not permit its user a command that sessions need: " + what;
      case "READONLY" -> redis + "is a read-only replica: " + what;
      case "OOM" -> redis + "is out of memory: " + what;
      case "LOADING" -> redis + "is still loading its data: " + what;
      default -> redis + "answers with an error: " + what;
    };
  }

  /**
   * The error that the server sent, if it sent one; else the innermost cause. Jedis wraps errors
   * several times, and the outer ones only say that something failed.
   */
  private static Throwable rootCause(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null && !(cause instanceof JedisDataException)) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static String text(Throwable error) {
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }
}
