package dev.tally.session.redis;

import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import redis.clients.jedis.exceptions.JedisDataException;

/** Says what is wrong in one sentence for operators. */
final class RedisErrors {

  private RedisErrors() {}

  static StoreUnavailableException unavailable(RedisSettings settings, Throwable error) {
    String sentence = sentence(settings, error);
    Throwable cause = telling(error);
    return cause instanceof JedisDataException && text(cause).startsWith("OOM")
        ? new StoreFullException(sentence, error)
        : new StoreUnavailableException(sentence, error);
  }

  /** Whether a server says that it is not, or no longer, the one to write to. */
  static boolean isReadOnly(JedisDataException error) {
    return text(error).startsWith("READONLY");
  }

  private static String sentence(RedisSettings settings, Throwable error) {
    Throwable cause = telling(error);
    String what = text(cause);
    String redis = "Redis (" + settings + ") ";
    if (!(cause instanceof JedisDataException)) {
      return redis + "cannot be reached: " + what;
    }
    String code = what.split(" ", 2)[0];
    return switch (code) {
      case "WRONGPASS", "NOAUTH" -> redis + "refuses the user or the password: " + what;
      case "NOPERM" -> redis + "does not permit the user what sessions need: " + what;
      case "READONLY" -> redis + "is a read-only replica: " + what;
      case "OOM" -> redis + "is out of memory: " + what;
      case "LOADING" -> redis + "is starting: " + what;
      default -> redis + "answers with an error: " + what;
    };
  }

  /** The server's own words if it spoke, else the first thing that went wrong. */
  private static Throwable telling(Throwable error) {
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
