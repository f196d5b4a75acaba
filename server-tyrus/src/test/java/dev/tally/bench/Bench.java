package dev.tally.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** {@code make bench}: runs the parts that are named, or all, and writes docs/BENCHMARKS.md. */
public final class Bench {

  private Bench() {}

  /**
   * Measures.
   *
   * @param args where the peers that are not Java are installed, then the names of parts; --brief
   *     for a look at whether all runs, which writes nothing
   * @throws IOException if a server cannot be started, or answered anything else than its count
   */
  public static void main(String[] args) throws IOException {
    Path installed = Path.of(args[0]);
    List<String> words = List.of(args).subList(1, args.length);
    boolean brief = words.contains("--brief");
    List<String> named = words.stream().filter(word -> !word.equals("--brief")).toList();
    for (String name : named) {
      if (!Part.titles().contains(name)) {
        System.err.printf(Locale.ROOT, "bench: '%s' is not one of %s%n", name, Part.titles());
        System.exit(2);
      }
    }
    Lab lab = new Lab(Path.of("").toAbsolutePath(), installed, brief);
    // Asked before the first section is written, which makes the checkout differ from its revision.
    String measured = "Measured at revision `" + Report.revision(lab) + "`.\n\n";
    for (Part part : Part.values()) {
      if (named.isEmpty() || named.contains(part.title())) {
        String section = part.run(lab);
        System.out.printf(Locale.ROOT, "== %s%n%s%n", part.title(), section);
        if (!brief) {
          Report.replace(
              lab.root().resolve("docs/BENCHMARKS.md"),
              part.title(),
              part == Part.MACHINE ? section : measured + section);
        }
      }
    }
  }
}
