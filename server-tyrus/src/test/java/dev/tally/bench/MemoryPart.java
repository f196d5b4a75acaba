package dev.tally.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What an idle connection costs: objects that are alive, and resident memory of the process. */
final class MemoryPart {

  private static final int[] SOCKETS = {10_000, 19_000};
  private static final int AT_ONCE = 500;

  private static final String SERIAL = "-XX:+UseSerialGC";

  /** Otherwise up to a twentieth of the heap is left as garbage, and counted as arrays of int. */
  private static final String COMPACT = "-XX:MarkSweepDeadRatio=0";

  /** So small that garbage takes little room: what grows is what the connections need. */
  private static final String YOUNG = "-Xmn24m";

  private static final String KILOBYTES = "%.1f";

  private final Samples heap = new Samples();
  private final Samples resident = new Samples();

  private MemoryPart() {}

  static String run(Lab lab) throws IOException {
    Jvm jvm17 = lab.jvm().with(SERIAL, COMPACT, "-Xmx768m", YOUNG);
    Map<String, Jvm> runtimes = new LinkedHashMap<>();
    runtimes.put("JDK " + jvm17.version(), jvm17);
    Optional<Jvm> newer = lab.jvm25();
    if (newer.isPresent()) {
      Jvm jvm =
          newer.get().with(SERIAL, COMPACT, "-Xmx768m", YOUNG, "-XX:+UseCompactObjectHeaders");
      runtimes.put("JDK " + jvm.version() + ", compact headers", jvm);
    }
    MemoryPart part = new MemoryPart();
    List<Peer> shown = new ArrayList<>();
    for (Map.Entry<String, Jvm> runtime : runtimes.entrySet()) {
      for (Peer peer : lab.peers(runtime.getValue()).onTheJvm()) {
        part.measure(lab, peer, runtime.getKey(), Optional.of(runtime.getValue()));
        shown.add(peer);
      }
    }
    List<Peer> others = new ArrayList<>();
    lab.peers(jvm17).ws().ifPresent(others::add);
    lab.peers(jvm17).django("Django", "").ifPresent(others::add);
    shown.addAll(others);
    for (Peer peer : others) {
      part.measure(lab, peer, runtimes.keySet().iterator().next(), Optional.empty());
    }
    Files.writeString(
        lab.images().resolve("memory.svg"),
        BarChart.svg("Resident memory for each idle connection, KB", part.resident));
    return "Live heap for each idle connection, 10,000 of them, KB:\n\n"
        + part.heap.table("counter", KILOBYTES, Peers.NETTY)
        + "\nResident memory of the process for each idle connection, KB:\n\n"
        + part.resident.table("counter", KILOBYTES, "")
        + Report.commands(lab, shown);
  }

  private void measure(Lab lab, Peer peer, String runtime, Optional<Jvm> jvm) throws IOException {
    try (ServerProcess server = lab.start(peer)) {
      warmUp(lab, server);
      long heapBefore = jvm.isPresent() ? server.liveHeapBytes(jvm.get().tool("jcmd")) : 0;
      long residentBefore = server.rssKilobytes();
      try (LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
        int open = 0;
        for (int sockets : SOCKETS) {
          load.connect(sockets - open, AT_ONCE);
          open = sockets;
          load.idle(lab.seconds(1)).exact();
          double kilobytes = server.rssKilobytes() - residentBefore;
          resident.add(
              peer.name(),
              String.format(Locale.ROOT, "%,d sockets, %s", sockets, runtime),
              kilobytes / sockets);
          if (jvm.isPresent() && sockets == SOCKETS[0]) {
            double bytes = server.liveHeapBytes(jvm.get().tool("jcmd")) - heapBefore;
            heap.add(peer.name(), runtime, bytes / 1024 / sockets);
          }
        }
      }
    }
  }

  /** What the server makes once, however many connections there are, is not counted. */
  private static void warmUp(Lab lab, ServerProcess server) throws IOException {
    try (LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
      load.connect(1000, AT_ONCE);
      load.closedLoop(1, lab.seconds(1)).exact();
    }
    ServerProcess.sleep(lab.seconds(1));
  }
}
