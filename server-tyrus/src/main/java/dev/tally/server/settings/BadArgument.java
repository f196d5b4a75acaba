package dev.tally.server.settings;

import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** One sentence, on the channel where the user is. */
public record BadArgument(EnvironmentSettings settings) implements IParameterExceptionHandler {

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    CommandLine commandLine = e.getCommandLine();
    StringBuilder sentence = new StringBuilder(String.valueOf(e.getMessage()));
    ArgSpec argument = e.getArgSpec();
    // A value that was not typed comes from a variable, perhaps out of a file of somebody else.
    // Without its name the sentence would be about a flag that is not there.
    if (argument instanceof OptionSpec option
        && settings.defaultValue(option) != null
        && !commandLine.getParseResult().hasMatchedOption(option)) {
      sentence
          .append(" (from the environment variable ")
          .append(EnvironmentSettings.variable(option));
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
}
