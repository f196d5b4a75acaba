package dev.tally.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** What the check of a token takes, by algorithm, counted by JMH. */
final class TokensPart {

  private TokensPart() {}

  static String run(Lab lab) throws IOException {
    List<Jvm> runtimes = new ArrayList<>(List.of(lab.jvm()));
    lab.jvm25().ifPresent(runtimes::add);
    Samples micros = new Samples();
    for (Jvm jvm : runtimes) {
      OptionsBuilder options = new OptionsBuilder();
      options
          .include(TokenCheck.class.getName())
          .forks(1)
          .jvm(jvm.tool("java").toString())
          .warmupIterations(lab.brief() ? 1 : 3)
          .warmupTime(TimeValue.seconds(1))
          .measurementIterations(lab.brief() ? 1 : 3)
          .measurementTime(TimeValue.seconds(1))
          .shouldFailOnError(true);
      try {
        for (RunResult result : new Runner(options.build()).run()) {
          micros.add(
              result.getParams().getParam("algorithm"),
              "JDK "
                  + jvm.version()
                  + (result.getParams().getParam("known").equals("true") ? ", again" : ""),
              // Not the mean: whatever else runs takes the processor at times.
              result.getPrimaryResult().getStatistics().getPercentile(50));
        }
      } catch (RunnerException e) {
        throw new IOException(e);
      }
    }
    return "One token, median, µs; \"again\" is one that was found valid before:\n\n"
        + micros.table("algorithm", "%,.1f", "")
        + "\n```\nmake bench BENCH=tokens\n```\n";
  }
}
