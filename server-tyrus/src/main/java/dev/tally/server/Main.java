package dev.tally.server;

import dev.tally.server.client.ClientCommand;
import dev.tally.server.logging.Logging;
import dev.tally.server.settings.BadArgument;
import dev.tally.server.settings.EnvironmentSettings;
import dev.tally.server.settings.ServerSettings;
import dev.tally.server.settings.SettingsCheck;
import dev.tally.server.tail.TailCommand;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The command line: runs the server, or one of the subcommands. */
public final class Main implements Callable<Integer> {

  private static final String PRINT_CONFIG = "--print-config";

  private final ServerSettings settings = new ServerSettings();
  private final CommandSpec spec = CommandSpec.wrapWithoutInspection(this).name("tally-server");

  private Main() {}

  /**
   * Runs the command and ends the process with its exit code.
   *
   * @param arguments flags and subcommand
   */
  public static void main(String[] arguments) {
    OutOfMemory.endTheProcess();
    // Until the server starts its log, standard output is for results; on JDK 21 even exit has a
    // line to log. The logging library and the flags take as long to set up: both at once.
    CompletableFuture<Void> silence = CompletableFuture.runAsync(Logging::silence);
    CommandLine commandLine = commandLine(System.getenv());
    silence.join();
    System.exit(commandLine.execute(arguments));
  }

  static CommandLine commandLine(Map<String, String> environment) {
    EnvironmentSettings settings = new EnvironmentSettings(environment);
    Main main = new Main();
    main.describe();
    CommandLine commandLine = new CommandLine(main.spec);
    commandLine.setDefaultValueProvider(settings);
    commandLine.setParameterExceptionHandler(new BadArgument(settings));
    return commandLine;
  }

  private void describe() {
    addStandardOptions(spec);
    for (OptionSpec option : settings.options()) {
      String description =
          option.description()[0] + " [" + EnvironmentSettings.variable(option) + "]";
      spec.addOption(option.toBuilder().description(description).build());
    }
    // No setting: it says what to do, so it has no variable, and is not printed itself.
    spec.addOption(
        OptionSpec.builder(PRINT_CONFIG)
            .description("Print the settings in force, passwords left out, and exit.")
            .build());
    spec.usageMessage()
        .description("A WebSocket service that does not lose count.")
        .footer(
            "",
            "Each setting can be given by the environment variable in brackets; a flag wins over"
                + " it.",
            "Exit code: 0 after a drain (SIGTERM, SIGINT), 1 after a failure, 2 for a bad"
                + " setting, 3 out of memory.");
    for (CommandSpec command : List.of(new ClientCommand().spec(), new TailCommand().spec())) {
      addStandardOptions(command);
      spec.addSubcommand(command.name(), command);
    }
  }

  private static void addStandardOptions(CommandSpec command) {
    command.versionProvider(new Version());
    command.usageMessage().sortOptions(false).autoWidth(true);
    command.addOption(
        OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Show this help message and exit.")
            .build());
    command.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("Print version information and exit.")
            .build());
  }

  @Override
  public Integer call() {
    new SettingsCheck(settings, spec.commandLine()).run();
    PrintWriter out = spec.commandLine().getOut();
    if (spec.commandLine().getParseResult().hasMatchedOption(PRINT_CONFIG)) {
      out.print(EnvironmentSettings.print(settings));
      out.flush();
      return 0;
    }
    return new Launcher(settings, spec.commandLine().getErr()).run();
  }

  /** Version, revision and Java in one line. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      BuildInfo build = BuildInfo.read();
      return new String[] {
        String.format(
            Locale.ROOT,
            "tally-server %s (%s), Java %s",
            build.version(),
            build.revision(),
            Runtime.version().feature())
      };
    }
  }
}
