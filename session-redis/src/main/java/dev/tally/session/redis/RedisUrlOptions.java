package dev.tally.session.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The options of a {@link RedisUrl}, and the checks of single values. */
final class RedisUrlOptions {

  private static final Set<String> NAMES =
      new TreeSet<>(
          Set.of(
              "ca_file",
              "connect_timeout",
              "pool_size",
              "read_timeout",
              "sentinel_password",
              "sentinel_user"));

  /**
   * A user or password in the options. One that contains a '&' that is not encoded ends only where
   * a known option begins, so that its second half is hidden too.
   */
  private static final Pattern LOGIN =
      Pattern.compile("(?s)((?:user|password)=).*?(?=&(" + String.join("|", NAMES) + ")=|\\z)");

  private static final Pattern DURATION = Pattern.compile("([0-9]{1,5})(ms|s)");

  private final Map<String, String> values;

  private RedisUrlOptions(Map<String, String> values) {
    this.values = values;
  }

  static RedisUrlOptions parse(String text) {
    Map<String, String> values = new LinkedHashMap<>();
    if (text.isEmpty()) {
      return new RedisUrlOptions(values);
    }
    for (String option : text.split("&", -1)) {
      int equals = option.indexOf('=');
      String name = equals < 0 ? option : option.substring(0, equals);
      if (!NAMES.contains(name)) {
        // The message does not contain the name: it may be the second half of a password.
        throw new BrokenUrlException("the options are " + String.join(", ", NAMES) + ", no others");
      }
      if (equals < 0 || equals == option.length() - 1) {
        throw new BrokenUrlException("option " + name + " needs a value");
      }
      if (values.put(name, decode(option.substring(equals + 1))) != null) {
        throw new BrokenUrlException("option " + name + " is given twice");
      }
    }
    return new RedisUrlOptions(values);
  }

  static String redacted(String url) {
    return LOGIN.matcher(url).replaceAll("$1" + Matcher.quoteReplacement(RedisSettings.HIDDEN));
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(values.get(name));
  }

  Optional<Path> path(String name) {
    try {
      return text(name).map(Path::of);
    } catch (InvalidPathException e) {
      throw new BrokenUrlException(name + " must be a path of the file system");
    }
  }

  Duration timeout(String name, Duration otherwise) {
    return text(name).map(text -> timeout(name, text)).orElse(otherwise);
  }

  private static Duration timeout(String name, String text) {
    Matcher parts = DURATION.matcher(text);
    if (parts.matches()) {
      long number = Long.parseLong(parts.group(1));
      Duration duration =
          parts.group(2).equals("s") ? Duration.ofSeconds(number) : Duration.ofMillis(number);
      if (!duration.isZero() && duration.compareTo(RedisSettings.MAX_TIMEOUT) <= 0) {
        return duration;
      }
    }
    throw new BrokenUrlException(
        name + " must be from 1ms to 60s, such as 500ms or 2s, not '" + text + "'");
  }

  int number(String name, int otherwise, int min, int max) {
    return text(name).map(text -> number(name, text, min, max)).orElse(otherwise);
  }

  /** Reads a number, of an option or of another part of the URL, and checks its range. */
  static int number(String name, String text, int min, int max) {
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, with the same sentence as a number out of range.
    }
    throw new BrokenUrlException(
        name + " must be a number from " + min + " to " + max + ", not '" + text + "'");
  }

  /** Decodes percent-encoded characters. */
  static String decode(String text) {
    try {
      // URLDecoder is for the data of HTML forms, where '+' is a space. In a URL it is not.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new BrokenUrlException(
          "'%' must be followed by two hexadecimal digits (write %25 for '%' itself)");
    }
  }
}
