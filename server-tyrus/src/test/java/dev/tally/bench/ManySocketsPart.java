package dev.tally.bench;

import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Thousands of sockets that say little: how fast they come, and how long a message of theirs waits.
 */
final class ManySocketsPart {

  private static final int AT_ONCE = 500;
  private static final String MILLIS = "%.1f";

  private ManySocketsPart() {}

  /**
   * Handshakes a second for 10,000 sockets, 500 of them under way at a time; by a process that was
   * just started, and by the same one again.
   */
  static String connects(Lab lab) throws IOException {
    int sockets = lab.brief() ? 500 : 10_000;
    List<Peer> peers = new ArrayList<>(lab.peers(lab.jvm()).all());
    peers.add(1, lab.peers(lab.withArchive(lab.jvm())).tally("Tally, archive of classes"));
    Samples perSecond = new Samples();
    // Compiles the generator, which would otherwise slow down whoever comes first.
    try (ServerProcess spare = lab.start(peers.get(2))) {
      connectAndLeave(lab, spare, sockets);
    }
    for (int round = 0; round < (lab.brief() ? 1 : 3); round++) {
      for (Peer peer : peers) {
        try (ServerProcess server = lab.start(peer)) {
          perSecond.add(peer.name(), "just started", connectAndLeave(lab, server, sockets));
          perSecond.add(peer.name(), "warm", connectAndLeave(lab, server, sockets));
          perSecond.add(peer.name(), "warm", connectAndLeave(lab, server, sockets));
        }
      }
    }
    return "Handshakes a second:\n\n"
        + perSecond.table("counter", "%,.0f", Peers.NETTY)
        + Report.commands(lab, peers);
  }

  private static double connectAndLeave(Lab lab, ServerProcess server, int sockets)
      throws IOException {
    double seconds;
    try (LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
      seconds = load.connect(sockets, AT_ONCE).toNanos() / 1e9;
    }
    // The server has to be through with so many ends before the next handshakes come.
    ServerProcess.sleep(lab.seconds(1));
    return sockets / seconds;
  }

  /** 5,000 sockets with one message each in 5 s. */
  static String latency(Lab lab) throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      Peers all = lab.peers(lab.jvm());
      List<Peer> peers = new ArrayList<>(List.of(all.onTheJvm().get(1)));
      peers.add(all.tally("Tally, Redis", "--redis-url", redis.url()));
      all.django("Django, Redis", redis.url()).ifPresent(peers::add);
      return "Milliseconds from the moment at which a message was due:\n\n"
          + latencyOf(lab, peers, "")
          + Report.commands(lab, peers);
    }
  }

  /** The same for servers that store every count in one Redis. */
  static String latencyOf(Lab lab, List<Peer> peers, String base) throws IOException {
    Samples latency = new Samples();
    lab.inTurns(
        peers,
        3,
        (name, server, round) ->
            trickle(lab, server, lab.brief() ? 100 : 5000, Duration.ofSeconds(5), latency, name));
    return latency.table("counter", MILLIS, base);
  }

  /**
   * As many sockets as 20,000 file descriptors allow, with one message each in 10 s. A heartbeat
   * each 15 s, twice as often as by default, is sure to reach all of them while it is measured.
   */
  static String sockets(Lab lab) throws IOException {
    Peers all = lab.peers(lab.jvm());
    List<Peer> peers =
        List.of(
            all.tally("Tally, no heartbeat", "--heartbeat", "1h"),
            all.tally("Tally, heartbeat every 15 s", "--heartbeat", "15s"));
    Samples latency = new Samples();
    lab.inTurns(
        peers,
        3,
        (name, server, round) ->
            trickle(
                lab, server, lab.brief() ? 100 : 19_500, Duration.ofSeconds(10), latency, name));
    return "Milliseconds from the moment at which a message was due:\n\n"
        + latency.table("19,500 sockets", MILLIS, "")
        + Report.commands(lab, peers);
  }

  private static void trickle(
      Lab lab, ServerProcess server, int sockets, Duration interval, Samples latency, String name)
      throws IOException {
    try (LoadGenerator load = new LoadGenerator(server.port(), Lab.PAYLOAD_BYTES)) {
      load.connect(sockets, AT_ONCE);
      load.openLoop(interval, lab.seconds(3)).exact();
      double before = server.cpuSeconds();
      Round round = load.openLoop(interval, lab.seconds(15)).exact();
      double used = server.cpuSeconds() - before;
      latency.add(name, "p50", round.percentileMillis(50));
      latency.add(name, "p99", round.percentileMillis(99));
      latency.add(name, "max", round.percentileMillis(100));
      latency.add(name, "heartbeats", (double) round.others);
      latency.add(name, "CPU, % of a core", used * 1e11 / round.took.toNanos());
    }
    ServerProcess.sleep(lab.seconds(1));
  }
}
