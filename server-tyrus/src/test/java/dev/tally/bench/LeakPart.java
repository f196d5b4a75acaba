package dev.tally.bench;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** The test for leaks in full: ten rounds of ten thousand connections that end in every way. */
final class LeakPart {

  private LeakPart() {}

  static String run(Lab lab) throws IOException {
    List<String> command =
        List.of(
            "mvn",
            "--batch-mode",
            "--no-transfer-progress",
            "-pl",
            "server-tyrus",
            "-am",
            "test",
            "-Dtest=LeakTest",
            "-Dsurefire.failIfNoSpecifiedTests=false",
            "-Dtally.leak.connections=" + (lab.brief() ? 100 : 10_000));
    String output = lab.run(new ProcessBuilder(command).directory(lab.root().toFile()));
    String footprints =
        output
            .lines()
            .filter(line -> line.matches("\\d+ rounds of .*|(before|after): .*"))
            .collect(Collectors.joining("\n"));
    return "```\n" + String.join(" ", command) + "\n" + footprints + "\n```\n";
  }
}
