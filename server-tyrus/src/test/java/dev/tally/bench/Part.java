package dev.tally.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A part of the benchmark that can be run by itself: one section of docs/BENCHMARKS.md. */
enum Part {
  MACHINE,
  CPU,
  REDIS,
  CONNECTS,
  LATENCY,
  SOCKETS,
  MEMORY,
  START,
  ALLOCATION,
  LEAK,
  SURROUNDINGS,
  HOSTILE,
  COMPRESSION,
  LOG,
  TOKENS;

  /** Measures, and returns the section as Markdown. */
  String run(Lab lab) throws IOException {
    return switch (this) {
      case MACHINE -> Report.machine(lab);
      case CPU -> MessagePart.inMemory(lab);
      case REDIS -> MessagePart.inRedis(lab);
      case CONNECTS -> ManySocketsPart.connects(lab);
      case LATENCY -> ManySocketsPart.latency(lab);
      case SOCKETS -> ManySocketsPart.sockets(lab);
      case MEMORY -> MemoryPart.run(lab);
      case START -> StartPart.run(lab);
      case ALLOCATION -> AllocationPart.run(lab);
      case LEAK -> LeakPart.run(lab);
      case SURROUNDINGS -> SurroundingsPart.run(lab);
      case HOSTILE -> HostilePart.run(lab);
      case COMPRESSION -> CompressionPart.run(lab);
      case LOG -> MessageLogPart.run(lab);
      case TOKENS -> TokensPart.run(lab);
    };
  }

  /** As the command line and the page have it. */
  String title() {
    return name().toLowerCase(Locale.ROOT);
  }

  static List<String> titles() {
    return Arrays.stream(values()).map(Part::title).toList();
  }
}
