package dev.tally.bench;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * A Java runtime and the flags that every server on it gets.
 *
 * @param home where it is installed
 * @param flags the same for Tally and its peers
 */
record Jvm(Path home, List<String> flags) {

  /** As java -version has it, without the build. */
  String version() throws IOException {
    Properties release = new Properties();
    try (Reader reader = Files.newBufferedReader(home.resolve("release"))) {
      release.load(reader);
    }
    return release.getProperty("JAVA_VERSION", "unknown").replace("\"", "");
  }

  Path tool(String name) {
    return home.resolve("bin").resolve(name);
  }

  List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(tool("java").toString()));
    command.addAll(flags);
    command.addAll(List.of(arguments));
    return command;
  }

  Jvm with(String... otherFlags) {
    return new Jvm(home, List.of(otherFlags));
  }
}
