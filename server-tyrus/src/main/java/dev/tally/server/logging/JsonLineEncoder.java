package dev.tally.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/**
 * One flat JSON object a line; docs/OBSERVABILITY.md lists the fields. Lines of libraries get an
 * event too, so that every line has the same form.
 */
final class JsonLineEncoder extends EncoderBase<ILoggingEvent> {

  private static final String EVENT = "event";
  private static final byte[] NOTHING = {};
  private static final DateTimeFormatter TIMESTAMP =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

  private final Optional<String> color;

  JsonLineEncoder(Optional<String> color) {
    this.color = color;
  }

  @Override
  public byte[] encode(ILoggingEvent line) {
    List<KeyValuePair> pairs = Optional.ofNullable(line.getKeyValuePairs()).orElse(List.of());
    StringBuilder json = new StringBuilder(256).append('{');
    add(json, "timestamp", TIMESTAMP.format(line.getInstant()));
    add(json, "level", line.getLevel().toString());
    add(json, EVENT, event(line, pairs));
    color.ifPresent(name -> add(json, "color", name));
    for (KeyValuePair pair : pairs) {
      if (!pair.key.equals(EVENT)) {
        add(json, pair.key, pair.value);
      }
    }
    add(json, "message", line.getFormattedMessage());
    add(json, "logger", line.getLoggerName());
    IThrowableProxy thrown = line.getThrowableProxy();
    if (thrown != null) {
      add(json, "stack_trace", ThrowableProxyUtil.asString(thrown));
    }
    json.setCharAt(json.length() - 1, '}');
    return json.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String event(ILoggingEvent line, List<KeyValuePair> pairs) {
    return pairs.stream()
        .filter(pair -> pair.key.equals(EVENT))
        .map(pair -> String.valueOf(pair.value))
        .findFirst()
        .orElse(line.getLevel().isGreaterOrEqual(Level.ERROR) ? "error" : "log");
  }

  private static void add(StringBuilder json, String name, @Nullable Object value) {
    JsonText.append(json, name);
    json.append(':');
    // Other numbers may have no form in JSON, such as NaN.
    if (value instanceof Integer || value instanceof Long || value instanceof Boolean) {
      json.append(value);
    } else {
      JsonText.append(json, String.valueOf(value));
    }
    json.append(',');
  }

  @Override
  public byte[] headerBytes() {
    return NOTHING;
  }

  @Override
  public byte[] footerBytes() {
    return NOTHING;
  }
}
