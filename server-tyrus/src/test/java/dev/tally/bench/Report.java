package dev.tally.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The page that the figures go to: each part has a section between two markers. */
final class Report {

  private Report() {}

  /** How the servers were started, without this machine's paths. */
  static String commands(Lab lab, List<Peer> peers) {
    StringBuilder out = new StringBuilder("\n```\n");
    for (Peer peer : peers) {
      String line =
          String.join(" ", peer.command())
              .replace(System.getProperty("java.class.path"), "CLASSPATH")
              .replace(lab.root() + "/", "")
              .replace(lab.installed() + "/", "")
              .replaceAll("\\S*/bin/java ", "java ")
              .replaceAll("redis://\\S+", "redis://127.0.0.1:PORT")
              .replace("{port}", "PORT");
      out.append(line).append('\n');
    }
    return out.append("```\n").toString();
  }

  /** What the figures are of: a commit, and -dirty where the checkout has changes beside it. */
  static String revision(Lab lab) throws IOException {
    return first(lab, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*");
  }

  /** What the figures were measured on. */
  static String machine(Lab lab) throws IOException {
    String processor =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .findFirst()
            .map(line -> line.substring(line.indexOf(':') + 2))
            .orElse("unknown processor");
    StringBuilder rows = new StringBuilder("| what | version |\n|---|---|\n");
    row(rows, "machine", Runtime.getRuntime().availableProcessors() + " × " + processor);
    row(rows, "Linux", System.getProperty("os.version"));
    row(rows, "JDK", lab.jvm().version());
    if (lab.jvm25().isPresent()) {
      row(rows, "newer JDK", lab.jvm25().get().version());
    }
    Matcher jars =
        Pattern.compile(
                "(netty-codec-http|undertow-core|jetty-websocket-jetty-server|tyrus-server)-([^/]+)\\.jar")
            .matcher(System.getProperty("java.class.path"));
    while (jars.find()) {
      row(rows, jars.group(1), jars.group(2));
    }
    row(rows, "Redis", first(lab, "redis-server", "--version").replaceAll(".*v=(\\S+).*", "$1"));
    if (lab.peers(lab.jvm()).ws().isPresent()) {
      row(rows, "Node.js", first(lab, "node", "--version"));
    }
    for (String list : List.of("ws/package.json", "python/requirements.txt")) {
      Path file = lab.installed().resolve(list);
      if (Files.exists(file)) {
        row(rows, list.replaceAll("/.*", ""), String.join(", ", pinned(file)));
      }
    }
    return rows.toString();
  }

  private static void row(StringBuilder rows, String what, String version) {
    rows.append("| ").append(what).append(" | ").append(version).append(" |\n");
  }

  private static String first(Lab lab, String... command) throws IOException {
    return lab.run(new ProcessBuilder(command)).lines().findFirst().orElse("");
  }

  private static List<String> pinned(Path list) throws IOException {
    return Files.readAllLines(list).stream()
        .map(line -> line.replaceAll("[\" ]", "").replaceAll("==|:", " "))
        .filter(line -> line.matches("[a-z]+ [0-9.]+"))
        .toList();
  }

  /** Puts a part's new section where its old one stands. */
  static void replace(Path page, String part, String section) throws IOException {
    String text = Files.readString(page);
    String begin = "<!-- " + part + ": written by make bench -->\n";
    String end = "<!-- " + part + " ends -->";
    int from = text.indexOf(begin);
    int to = text.indexOf(end);
    if (from < 0 || to < from) {
      throw new IOException(page + " has no section " + part + ", which begins with " + begin);
    }
    String changed =
        text.substring(0, from + begin.length())
            + "\n"
            + section.strip()
            + "\n\n"
            + text.substring(to);
    Files.writeString(page, changed);
  }
}
