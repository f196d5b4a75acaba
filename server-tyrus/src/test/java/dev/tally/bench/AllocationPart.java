package dev.tally.bench;

import java.io.IOException;
import java.util.Collection;
import java.util.Objects;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Bytes that a server allocates for a message, counted by JMH. */
final class AllocationPart {

  private static final String RATE = "gc.alloc.rate.norm";

  private AllocationPart() {}

  static String run(Lab lab) throws IOException {
    OptionsBuilder options = new OptionsBuilder();
    options
        .include(MessageAllocation.class.getName())
        .addProfiler(GCProfiler.class)
        .forks(1)
        // The servers' threads would hold the JVM up.
        .jvmArgsAppend("-Djmh.shutdownTimeout=1")
        .jvm(lab.jvm().tool("java").toString())
        .warmupIterations(lab.brief() ? 1 : 4)
        .warmupTime(TimeValue.seconds(1))
        .measurementIterations(lab.brief() ? 1 : 4)
        .measurementTime(TimeValue.seconds(1))
        .shouldFailOnError(true);
    Samples bytes = new Samples();
    try {
      Collection<RunResult> results = new Runner(options.build()).run();
      for (RunResult result : results) {
        Result<?> allocated = Objects.requireNonNull(result.getSecondaryResults().get(RATE));
        bytes.add(result.getParams().getParam("counter"), "bytes a message", allocated.getScore());
      }
    } catch (RunnerException e) {
      throw new IOException(e);
    }
    return bytes.table("counter", "%,.0f", "") + "\n```\nmake bench BENCH=allocation\n```\n";
  }
}
