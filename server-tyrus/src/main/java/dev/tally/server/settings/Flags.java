package dev.tally.server.settings;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.OptionSpec;

/** Makes the flags of the server, and keeps them in the order in which they were made. */
final class Flags {

  private final List<OptionSpec> options = new ArrayList<>();

  <T> Setting<T> add(
      String flag, String label, ITypeConverter<T> converter, T initial, String description) {
    Setting<T> setting = new Setting<>(initial);
    options.add(setting.flag(flag, label, converter, description).build());
    return setting;
  }

  Setting<Duration> duration(String flag, Duration initial, String description) {
    return add(flag, "DURATION", new Values.PositiveDuration(), initial, description);
  }

  /** Values with commas between them. */
  Setting<List<String>> list(
      String flag, String label, ITypeConverter<String> converter, String description) {
    Setting<List<String>> setting = new Setting<>(List.of());
    options.add(
        setting
            .flag(flag, label, converter, description)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .splitRegex("\\s*,\\s*")
            .splitRegexSynopsisLabel(",")
            .build());
    return setting;
  }

  /** All flags so far. */
  List<OptionSpec> options() {
    return List.copyOf(options);
  }
}
