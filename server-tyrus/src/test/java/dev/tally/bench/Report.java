package dev.tally.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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
