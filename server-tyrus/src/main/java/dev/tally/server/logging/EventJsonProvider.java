package dev.tally.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.List;
import java.util.Optional;
import net.logstash.logback.composite.AbstractJsonProvider;
import org.slf4j.event.KeyValuePair;
import tools.jackson.core.JsonGenerator;

/** A line's key-value pairs, the event first. A line of somebody else's has an event too. */
final class EventJsonProvider extends AbstractJsonProvider<ILoggingEvent> {

  private static final String EVENT = "event";

  private final Optional<String> color;

  EventJsonProvider(Optional<String> color) {
    this.color = color;
  }

  @Override
  public void writeTo(JsonGenerator generator, ILoggingEvent line) {
    List<KeyValuePair> pairs = Optional.ofNullable(line.getKeyValuePairs()).orElse(List.of());
    String event =
        pairs.stream()
            .filter(pair -> pair.key.equals(EVENT))
            .map(pair -> String.valueOf(pair.value))
            .findFirst()
            .orElse(line.getLevel().isGreaterOrEqual(Level.ERROR) ? "error" : "log");
    generator.writeStringProperty(EVENT, event);
    color.ifPresent(name -> generator.writeStringProperty("color", name));
    for (KeyValuePair pair : pairs) {
      if (!pair.key.equals(EVENT)) {
        generator.writePOJOProperty(pair.key, plain(pair.value));
      }
    }
  }

  private static Object plain(Object value) {
    return value instanceof Number || value instanceof Boolean ? value : String.valueOf(value);
  }
}
