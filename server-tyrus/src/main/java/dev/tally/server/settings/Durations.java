package dev.tally.server.settings;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 1h}, {@code 1m30s}, {@code 500ms}; or ISO 8601. */
public final class Durations {

  /** Long enough for all, and far from where sums of milliseconds and nanoseconds overflow. */
  private static final Duration LONGEST = Duration.ofDays(366);

  private static final Pattern PART = Pattern.compile("(\\d+)(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("(?:" + PART.pattern() + ")+");

  private Durations() {}

  /**
   * Reads a duration.
   *
   * @param text such as {@code 30s} or {@code PT30S}
   * @return the duration; 0 to 366 days
   * @throws IllegalArgumentException if it is not one; the message says the value and the rule
   */
  static Duration parse(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    String rule = "is not a duration such as 1h, 30s, 500ms or PT1M30S";
    try {
      Duration duration = lower.startsWith("p") ? Duration.parse(lower) : parts(lower);
      if (duration.compareTo(LONGEST) > 0) {
        rule = "is longer than 366d";
      } else if (!duration.isNegative()) {
        return duration;
      }
    } catch (DateTimeException | ArithmeticException | NumberFormatException e) {
      // The rule says what there is to say.
    }
    throw new IllegalArgumentException("'" + text + "' " + rule);
  }

  private static Duration parts(String text) {
    if (!WHOLE.matcher(text).matches()) {
      throw new DateTimeException("no duration");
    }
    Duration sum = Duration.ZERO;
    Matcher matcher = PART.matcher(text);
    while (matcher.find()) {
      long amount = Long.parseLong(matcher.group(1));
      sum =
          sum.plus(
              switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
              });
    }
    return sum;
  }

  /**
   * Writes a duration so that {@link #parse} reads it back.
   *
   * @param duration whole milliseconds, not negative
   * @return such as {@code 1h}, {@code 1m30s}, {@code 0s}
   */
  static String format(Duration duration) {
    StringBuilder text = new StringBuilder();
    append(text, duration.toHours(), "h");
    append(text, duration.toMinutesPart(), "m");
    append(text, duration.toSecondsPart(), "s");
    append(text, duration.toMillisPart(), "ms");
    return text.isEmpty() ? "0s" : text.toString();
  }

  private static void append(StringBuilder text, long amount, String unit) {
    if (amount > 0) {
      text.append(amount).append(unit);
    }
  }
}
