package dev.tally.server.tail;

import dev.tally.server.settings.Values;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where {@code tail} begins.
 *
 * @param time entries from this moment on; empty for those that come from now on
 */
record From(Optional<Instant> time) {

  static final From NOW = new From(Optional.empty());

  /** {@code start}, a time, or how long ago. */
  record Converter(InstantSource clock) implements ITypeConverter<From> {
    @Override
    public From convert(String text) {
      if (text.equals("start")) {
        return new From(Optional.of(Instant.EPOCH));
      }
      try {
        return new From(Optional.of(Instant.parse(text)));
      } catch (DateTimeParseException e) {
        // Then it may be a duration.
      }
      try {
        return new From(Optional.of(clock.instant().minus(new Values.AnyDuration().convert(text))));
      } catch (TypeConversionException e) {
        throw new TypeConversionException(
            "'"
                + text
                + "' is not start, a time such as 2026-11-23T20:00:00Z, or a duration such as 10m");
      }
    }
  }
}
