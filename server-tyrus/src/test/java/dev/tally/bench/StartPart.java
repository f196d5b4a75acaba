package dev.tally.bench;

import dev.tally.session.redis.testing.FreePort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** From the start of the process to 200 on /readyz, with and without an archive of classes. */
final class StartPart {

  private static final int STARTS = 10;

  private StartPart() {}

  static String run(Lab lab) throws IOException {
    List<Jvm> runtimes = new ArrayList<>(List.of(lab.jvm()));
    lab.jvm25().ifPresent(runtimes::add);
    List<Jvm> archived = new ArrayList<>();
    for (Jvm jvm : runtimes) {
      archived.add(lab.withArchive(jvm));
    }
    Samples seconds = new Samples();
    for (int i = 0; i < (lab.brief() ? 1 : STARTS); i++) {
      for (int j = 0; j < runtimes.size(); j++) {
        String name = "JDK " + runtimes.get(j).version();
        seconds.add(name, "without archive", secondsToReady(lab, runtimes.get(j)));
        seconds.add(name, "with archive", secondsToReady(lab, archived.get(j)));
      }
    }
    return String.format(Locale.ROOT, "Seconds, median of %d starts:\n\n", STARTS)
        + seconds.table("start to ready", "%.2f", "");
  }

  private static double secondsToReady(Lab lab, Jvm jvm) throws IOException {
    int port = FreePort.pick();
    List<String> command = lab.peers(jvm).tally(Peers.TALLY).command(port);
    Path log = lab.output().resolve("start.log");
    long start = System.nanoTime();
    ServerProcess server = ServerProcess.start(command, port, log, ServerProcess::ready);
    long end = System.nanoTime();
    server.close();
    return (end - start) / 1e9;
  }
}
