package dev.tally.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs the command line in processes of its own; each one's output is in a file of its name. */
final class Processes implements AutoCloseable {

  private static final Pattern READY = Pattern.compile("\"event\":\"ready\",\"port\":(\\d+)");

  private final Path directory;
  private final List<Process> processes = new ArrayList<>();

  Processes(Path directory) {
    this.directory = directory;
  }

  /**
   * Starts one.
   *
   * @param options of the JVM, with spaces between them
   * @param arguments of the command
   */
  Process launch(String name, String options, String... arguments) throws IOException {
    return launch(name, options, Main.class.getName(), List.of(arguments));
  }

  /** Starts another program from this class path. */
  Process launch(String name, String options, String program, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Arrays.stream(options.split(" ")).filter(option -> !option.isEmpty()).toList());
    command.addAll(List.of("-Xmx128m", "-cp", System.getProperty("java.class.path")));
    command.add(program);
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name).toFile())
            .start();
    processes.add(process);
    return process;
  }

  /** All that one has written until now. */
  String output(String name) throws IOException {
    return Files.readString(directory.resolve(name));
  }

  /** The main port of a server, once it is ready. */
  int port(String name) throws Exception {
    Await.until(() -> READY.matcher(output(name)).find());
    Matcher ready = READY.matcher(output(name));
    assertThat(ready.find()).isTrue();
    return Integer.parseInt(ready.group(1));
  }

  static int exitCode(Process process) throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
  }
}
