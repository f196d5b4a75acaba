package dev.tally.server;

import dev.tally.server.client.ClientCommand;
import dev.tally.server.logging.Logging;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: runs the server, or one of the subcommands. */
@Command(
    name = "tally-server",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = "A WebSocket service that does not lose count.",
    footer = {
      "",
      "Each setting can be given by the environment variable in brackets; a flag wins over it.",
      "Exit code: 0 after a drain (SIGTERM, SIGINT), 1 after a failure, 2 for a bad setting."
    },
    subcommands = ClientCommand.class)
public final class Main implements Callable<Integer> {

  @Mixin private final ServerConfig config = new ServerConfig();

  @Option(
      names = "--print-config",
      description = "Print the settings in force, passwords left out, and exit.")
  private boolean printConfig;

  @Spec private final CommandSpec spec = CommandSpec.create();

  private Main() {}

  /**
   * Runs the command and ends the process with its exit code.
   *
   * @param arguments flags and subcommand
   */
  public static void main(String[] arguments) {
    // Until the server starts its log, standard output is for results; on JDK 21 even exit has a
    // line to log.
    Logging.silence();
    System.exit(commandLine(System.getenv()).execute(arguments));
  }

  static CommandLine commandLine(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    CommandLine commandLine = new CommandLine(new Main());
    commandLine.setDefaultValueProvider(settings);
    commandLine.setParameterExceptionHandler((e, arguments) -> refuse(e, settings));
    describeVariables(commandLine.getCommandSpec());
    return commandLine;
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (printConfig) {
      out.print(Settings.print(spec));
      out.flush();
      return 0;
    }
    return new Launcher(config, spec.commandLine().getErr()).run();
  }

  private static void describeVariables(CommandSpec server) {
    for (OptionSpec option : Settings.options(server)) {
      server.remove(option);
      server.addOption(
          option.toBuilder()
              .description(
                  String.join(" ", option.description()) + " [" + Settings.variable(option) + "]")
              .build());
    }
  }

  /** One sentence, on the channel where the user is. */
  private static int refuse(ParameterException e, Settings settings) {
    CommandLine commandLine = e.getCommandLine();
    StringBuilder sentence = new StringBuilder(String.valueOf(e.getMessage()));
    ArgSpec argument = e.getArgSpec();
    if (argument instanceof OptionSpec option
        && settings.defaultValue(option) != null
        && !commandLine.getParseResult().hasMatchedOption(option)) {
      sentence.append(" (from the environment variable ").append(Settings.variable(option));
      sentence.append(')');
    }
    if (e instanceof UnmatchedArgumentException unmatched
        && !unmatched.getSuggestions().isEmpty()) {
      sentence.append("; did you mean ").append(unmatched.getSuggestions().get(0)).append('?');
    }
    commandLine
        .getErr()
        .println(
            commandLine.getCommandSpec().qualifiedName()
                + ": "
                + sentence
                + (sentence.toString().endsWith("?") ? "" : ".")
                + " Try --help.");
    return CommandLine.ExitCode.USAGE;
  }

  /** Version, revision and Java in one line. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      BuildInfo build = BuildInfo.read();
      return new String[] {
        "tally-server %s (%s), Java %s"
            .formatted(build.version(), build.revision(), Runtime.version().feature())
      };
    }
  }
}
