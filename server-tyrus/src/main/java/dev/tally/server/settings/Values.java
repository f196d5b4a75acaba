package dev.tally.server.settings;

import dev.tally.server.handshake.AddressBlock;
import dev.tally.server.logging.LogFormat;
import dev.tally.session.redis.RedisUrl;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the values of flags. What is refused is refused with the value and the rule. */
public final class Values {

  private Values() {}

  private static long wholeNumber(String text, long from, long to) {
    try {
      long number = Long.parseLong(text.strip());
      if (number >= from && number <= to) {
        return number;
      }
    } catch (NumberFormatException e) {
      // The sentence below says what there is to say.
    }
    throw new TypeConversionException(
        "'" + text + "' is not a whole number from " + from + " to " + to);
  }

  private static String oneOf(List<String> words, String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    if (!words.contains(lower)) {
      throw new TypeConversionException("'" + text + "' is not one of " + String.join(", ", words));
    }
    return lower;
  }

  // Each is a class: the archive of classes takes no lambda for an interface as old as picocli's,
  // and then leaves out the interface and all that implement it.

  /** Anything. */
  static final class Text implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return text;
    }
  }

  /** Anything, where there need not be any. */
  public static final class OptionalText implements ITypeConverter<Optional<String>> {
    @Override
    public Optional<String> convert(String text) {
      return Optional.of(text);
    }
  }

  /** A file that can be read, where there need not be any. */
  public static final class OptionalSecretFile implements ITypeConverter<Optional<SecretFile>> {
    @Override
    public Optional<SecretFile> convert(String text) {
      try {
        return Optional.of(SecretFile.read(text));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** A file with a key, where there need not be any. */
  static final class OptionalSecretKeyFile implements ITypeConverter<Optional<SecretKeyFile>> {
    @Override
    public Optional<SecretKeyFile> convert(String text) {
      try {
        return Optional.of(SecretKeyFile.read(text));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /**
   * A file, or a URL whose answer cannot be changed on the way: an attacker who changes it has keys
   * of their own, and with them a token for every subject. A login in a URL would be in the log.
   */
  static final class Jwks implements ITypeConverter<Optional<String>> {
    private static final Pattern LOOPBACK =
        Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]");

    @Override
    public Optional<String> convert(String text) {
      if (text.contains("://") && !isSafe(text)) {
        throw new TypeConversionException(
            "'"
                + RedisUrl.redacted(text)
                + "' is not a file, an https URL without a login, or an http URL of a loopback"
                + " address such as http://127.0.0.1:8080/jwks.json");
      }
      return Optional.of(text);
    }

    private static boolean isSafe(String text) {
      try {
        URI url = new URI(text);
        boolean plain = url.getHost() != null && url.getUserInfo() == null;
        return plain
            && ("https".equals(url.getScheme())
                || ("http".equals(url.getScheme()) && LOOPBACK.matcher(url.getHost()).matches()));
      } catch (URISyntaxException e) {
        return false;
      }
    }
  }

  /** On or off. */
  static final class OnOff implements ITypeConverter<Boolean> {
    @Override
    public Boolean convert(String text) {
      return oneOf(List.of("on", "off"), text).equals("on");
    }
  }

  /** 0 to 65535. */
  static final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 0, 65_535);
    }
  }

  /** 1 or more. */
  public static final class PositiveInt implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 1, Integer.MAX_VALUE);
    }
  }

  /** 1 byte to 1 GiB: what is read in one piece goes into an array, with some bytes to spare. */
  static final class MessageBytes implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 1, 1 << 30);
    }
  }

  /** A short request to 1 MiB. */
  static final class HeadBytes implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 512, 1 << 20);
    }
  }

  /** The headers of a handshake to 10,000. */
  static final class Headers implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 8, 10_000);
    }
  }

  /** 0 or more. */
  static final class NonNegativeInt implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return (int) wholeNumber(text, 0, Integer.MAX_VALUE);
    }
  }

  /** 0 or more. */
  static final class NonNegativeLong implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return wholeNumber(text, 0, Long.MAX_VALUE);
    }
  }

  /** 1 or more. */
  static final class PositiveLong implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return wholeNumber(text, 1, Long.MAX_VALUE);
    }
  }

  /** Zero to 366 days. */
  public static final class AnyDuration implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        return Durations.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** A millisecond to 366 days. */
  public static final class PositiveDuration implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration duration = new AnyDuration().convert(text);
      if (duration.toMillis() < 1) {
        throw new TypeConversionException("'" + text + "' is not 1ms or longer");
      }
      return duration;
    }
  }

  /**
   * RFC 6454, section 6.2: scheme, host and a port, of apps and extensions as well. In lower case,
   * as browsers send it: origins are compared as texts.
   */
  static final class Origin implements ITypeConverter<String> {
    private static final Pattern ORIGIN =
        Pattern.compile(
            "[a-z][a-z0-9+.-]*://(?:[a-z0-9._~-]+|\\[[0-9a-f:.]+])(?::([0-9]{1,5}))?|file://");

    @Override
    public String convert(String text) {
      String origin = text.strip().toLowerCase(Locale.ROOT);
      Matcher matcher = ORIGIN.matcher(origin);
      if (origin.equals("*")
          || origin.equals("null")
          || (matcher.matches()
              && (matcher.group(1) == null || Integer.parseInt(matcher.group(1)) <= 65_535))) {
        return origin;
      }
      throw new TypeConversionException(
          "'" + text + "' is not an origin such as https://example.org:8443, and not * or null");
    }
  }

  /** What a client asks for in the header Host: a name or an address, and maybe a port. */
  static final class Host implements ITypeConverter<String> {
    private static final Pattern HOST =
        Pattern.compile("([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\\[[0-9a-f:.]+])(:\\d{1,5})?");

    @Override
    public String convert(String text) {
      String host = text.strip().toLowerCase(Locale.ROOT);
      if (!HOST.matcher(host).matches()) {
        throw new TypeConversionException(
            "'" + text + "' is not a host such as tally.example.org, 192.0.2.1:8000 or [::1]");
      }
      return host;
    }
  }

  /** An address, or a block of them as RFC 4632 writes it. */
  static final class Cidr implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      String block = text.strip();
      try {
        AddressBlock.parse(block);
        return block;
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** A word that is safe in a label, a page and a file name. */
  static final class Color implements ITypeConverter<Optional<String>> {
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,31}");

    @Override
    public Optional<String> convert(String text) {
      if (!WORD.matcher(text).matches()) {
        throw new TypeConversionException(
            "'" + text + "' is not a word of up to 32 letters, digits, dots, dashes, underscores");
      }
      return Optional.of(text);
    }
  }

  /** The names of {@link LogFormat}. */
  static final class LogFormats implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return oneOf(
          Arrays.stream(LogFormat.values()).map(f -> f.name().toLowerCase(Locale.ROOT)).toList(),
          text);
    }
  }

  /** The levels of SLF4J. */
  static final class LogLevels implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      return oneOf(List.of("trace", "debug", "info", "warn", "error"), text);
    }
  }
}
