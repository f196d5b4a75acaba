package dev.tally.server.client;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * When a server wants its client back, in milliseconds (docs/PROTOCOL.md, "Coming back"). Anything
 * may stand where a hint belongs: what is none is 0, and a hint is an hour at most.
 */
final class Hint {

  private static final BigInteger LONGEST_MILLIS = BigInteger.valueOf(3_600_000);
  // Any number of digits, hence BigInteger: a number that overflows would be a negative pause.
  private static final Pattern IN_REASON = Pattern.compile("\\bretry_after_ms=([0-9]+)\\b");
  private static final Pattern SECONDS = Pattern.compile("[0-9]+");

  private Hint() {}

  /** The hint in the reason of a close frame. */
  static long inReason(String reason) {
    Matcher matcher = IN_REASON.matcher(reason);
    return matcher.find() ? millis(new BigInteger(matcher.group(1))) : 0;
  }

  /**
   * The hint in the header Retry-After. Proxies may say a date instead of seconds, which is not
   * worth a clock that has to be right.
   */
  static long inHeader(String retryAfter) {
    return SECONDS.matcher(retryAfter).matches()
        ? millis(new BigInteger(retryAfter).multiply(BigInteger.valueOf(1000)))
        : 0;
  }

  /** The hint in a member of a frame. */
  static long inFrame(JsonNode member) {
    return member.isIntegralNumber() ? millis(member.bigIntegerValue()) : 0;
  }

  private static long millis(BigInteger hint) {
    return hint.max(BigInteger.ZERO).min(LONGEST_MILLIS).longValue();
  }
}
