package dev.tally.chat.testing;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Which classes or packages of a module use which others of it, as jdeps finds them in the class
 * files. Nested classes count as part of the class around them.
 *
 * @param uses for each class or package those that it uses
 */
public record Dependencies(Map<String, Set<String>> uses) {

  private static final Pattern USE = Pattern.compile("(?m)^ +(dev\\.\\S+) +-> (dev\\.\\S+)");

  /**
   * Reads the classes of a module.
   *
   * @param classes the folder that the compiler writes to
   * @return the dependencies between top-level classes
   * @throws IOException if the folder cannot be read
   */
  public static Dependencies ofClasses(Path classes) throws IOException {
    return of(classes, name -> name.replaceFirst("\\$.*", ""));
  }

  /**
   * Reads the classes of a module.
   *
   * @param classes the folder that the compiler writes to
   * @return the dependencies between packages
   * @throws IOException if the folder cannot be read
   */
  public static Dependencies ofPackages(Path classes) throws IOException {
    return of(classes, name -> name.substring(0, name.lastIndexOf('.')));
  }

  /**
   * Looks for circles.
   *
   * @return those that reach themselves, each circle in the order of their names
   */
  public Set<List<String>> circles() {
    Map<String, Set<String>> reached = new TreeMap<>();
    uses.keySet().forEach(name -> reached.put(name, reachedFrom(name, new TreeSet<>())));
    Set<List<String>> circles = new HashSet<>();
    reached.forEach(
        (name, others) -> {
          if (others.contains(name)) {
            circles.add(
                others.stream()
                    .filter(other -> reached.getOrDefault(other, Set.of()).contains(name))
                    .toList());
          }
        });
    return circles;
  }

  private Set<String> reachedFrom(String name, Set<String> reached) {
    for (String used : uses.getOrDefault(name, Set.of())) {
      if (reached.add(used)) {
        reachedFrom(used, reached);
      }
    }
    return reached;
  }

  private static Dependencies of(Path classes, UnaryOperator<String> unit) throws IOException {
    Map<String, Set<String>> uses = new TreeMap<>();
    for (MatchResult use : USE.matcher(jdeps(classes)).results().toList()) {
      String from = unit.apply(use.group(1));
      String to = unit.apply(use.group(2));
      if (!from.equals(to)) {
        uses.computeIfAbsent(from, name -> new TreeSet<>()).add(to);
      }
    }
    return new Dependencies(uses);
  }

  private static String jdeps(Path classes) throws IOException {
    StringWriter output = new StringWriter();
    PrintWriter printer = new PrintWriter(output);
    Stream<String> options =
        Stream.of(
            "-verbose:class", "-filter:none", "--ignore-missing-deps", "--multi-release=base");
    int status =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(
                printer,
                printer,
                Stream.concat(options, classFiles(classes).stream()).toArray(String[]::new));
    if (status != 0) {
      throw new UncheckedIOException(new IOException("jdeps failed: " + output));
    }
    return output.toString();
  }

  /** Without the module's descriptor, with which jdeps would ask for the modules that it names. */
  private static Collection<String> classFiles(Path classes) throws IOException {
    try (Stream<Path> files = Files.walk(classes)) {
      return files
          .map(Path::toString)
          .filter(name -> name.endsWith(".class") && !name.endsWith("module-info.class"))
          .toList();
    }
  }
}
