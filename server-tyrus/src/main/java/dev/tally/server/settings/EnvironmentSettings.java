package dev.tally.server.settings;

import dev.tally.session.redis.RedisUrl;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The settings as environment variables. A flag wins over its variable, a variable over the
 * default; an empty variable counts as none, for that is what compose files leave behind.
 */
public final class EnvironmentSettings implements IDefaultValueProvider {

  /** Names that a platform gives without asking (Twelve-Factor, III and VII). */
  private static final Set<String> UNPREFIXED =
      Set.of("HOST", "PORT", "ADMIN_HOST", "ADMIN_PORT", "REDIS_URL", "REDIS_URL_FILE");

  private static final Set<String> ACTIONS = Set.of("--help", "--version", "--print-config");

  private static final Pattern LINK = Pattern.compile("(tcp|udp|sctp)://\\S+:\\d+");

  private final Map<String, String> environment;

  public EnvironmentSettings(Map<String, String> environment) {
    this.environment = environment;
  }

  /** The variable of a flag. A new one gets the prefix: others on the machine may have the name. */
  public static String variable(OptionSpec option) {
    String name = option.longestName().substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
    return UNPREFIXED.contains(name) ? name : "TALLY_" + name;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option)) {
      return null;
    }
    // A variable is for the server. Where Redis is, a subcommand may know from it too.
    String variable = variable(option);
    if (argument.command().parent() != null && !variable.startsWith("REDIS_URL")) {
      return null;
    }
    String value = environment.get(variable);
    boolean setting = !ACTIONS.contains(option.longestName());
    return value == null || value.isBlank() || !setting || isLink(value) ? null : value;
  }

  /**
   * Whether the platform set it for a service whose name happens to begin like ours: Kubernetes and
   * Docker's links give ADMIN_PORT=tcp://10.96.0.7:8001 to each container beside a service "admin".
   */
  private static boolean isLink(String value) {
    return LINK.matcher(value).matches();
  }

  /** The settings in force, one {@code VARIABLE=value} a line, passwords left out. */
  public static String print(ServerSettings settings) {
    StringBuilder lines = new StringBuilder();
    for (OptionSpec option : settings.options()) {
      lines.append(variable(option)).append('=').append(text(option.getValue())).append('\n');
    }
    return lines.toString();
  }

  /** A value as it is written in the environment; empty for none. */
  public static String text(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof Optional<?> optional) {
      return optional.map(EnvironmentSettings::text).orElse("");
    }
    if (value instanceof Duration duration) {
      return Durations.format(duration);
    }
    if (value instanceof Boolean on) {
      return on ? "on" : "off";
    }
    if (value instanceof Collection<?> values) {
      return String.join(",", values.stream().map(EnvironmentSettings::text).toList());
    }
    // Every text, not only REDIS_URL: a URL with a password may be in the wrong variable.
    return RedisUrl.redacted(value.toString());
  }
}
