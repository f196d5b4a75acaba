package dev.tally.bench;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** From the start of the process to 200 on /readyz, with and without an archive of classes. */
final class StartPart {

  private static final int STARTS = 10;

  private StartPart() {}

  static String run(Lab lab) throws IOException {
    List<Jvm> runtimes = new ArrayList<>(List.of(lab.jvm()));
    lab.jvm25().ifPresent(runtimes::add);
    List<Jvm> archived = new ArrayList<>();
    for (Jvm jvm : runtimes) {
      archived.add(jvm.with("-Xmx1g", "-XX:SharedArchiveFile=" + archive(lab, jvm)));
    }
    Samples seconds = new Samples();
    for (int i = 0; i < (lab.brief() ? 1 : STARTS); i++) {
      for (int j = 0; j < runtimes.size(); j++) {
        String name = "JDK " + runtimes.get(j).version();
        seconds.add(name, "without archive", secondsToReady(lab, runtimes.get(j)));
        seconds.add(name, "with archive", secondsToReady(lab, archived.get(j)));
      }
    }
    return "Seconds, median of %d starts:\n\n".formatted(STARTS)
        + seconds.table("start to ready", "%.2f", "");
  }

  private static Path archive(Lab lab, Jvm jvm) throws IOException {
    Path archive = lab.output().resolve("tally-" + jvm.version() + ".jsa");
    List<String> command = new ArrayList<>(List.of("ops/archive.sh"));
    command.addAll(List.of(lab.jar().toString(), archive.toString()));
    command.addAll(jvm.flags());
    ProcessBuilder script = new ProcessBuilder(command).directory(lab.root().toFile());
    script.environment().put("JAVA_HOME", jvm.home().toString());
    lab.run(script);
    return archive;
  }

  private static double secondsToReady(Lab lab, Jvm jvm) throws IOException {
    long start = System.nanoTime();
    try (ServerProcess server = lab.start(lab.peers(jvm).tally(Peers.TALLY))) {
      URI readiness = URI.create("http://127.0.0.1:" + server.port() + "/readyz");
      while (((HttpURLConnection) readiness.toURL().openConnection()).getResponseCode() != 200) {
        ServerProcess.sleep(ServerProcess.POLL);
      }
      return (System.nanoTime() - start) / 1e9;
    }
  }
}
