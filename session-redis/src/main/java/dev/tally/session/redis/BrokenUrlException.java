package dev.tally.session.redis;

/**
 * A Redis URL breaks a rule. The message is the second half of a sentence that {@link RedisUrl}
 * begins with the redacted URL.
 */
final class BrokenUrlException extends RuntimeException {

  private static final long serialVersionUID = 1;

  BrokenUrlException(String rule) {
    super(rule);
  }
}
