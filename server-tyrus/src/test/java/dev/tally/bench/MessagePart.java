package dev.tally.bench;

import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a message costs on a hundred busy sockets: CPU of the server's process, and throughput. */
final class MessagePart {

  private static final int SOCKETS = 100;
  private static final int[] DEPTHS = {1, 16};
  private static final String MICROS = "%.1f";

  private final Samples cpu = new Samples();
  private final Samples redisCpu = new Samples();
  private final Samples throughput = new Samples();

  private final int payloadBytes;

  private MessagePart(int payloadBytes) {
    this.payloadBytes = payloadBytes;
  }

  /** All peers, counting in memory. */
  static String inMemory(Lab lab) throws IOException {
    List<Peer> peers = lab.peers(lab.jvm()).all();
    MessagePart part = new MessagePart(Lab.PAYLOAD_BYTES);
    lab.inTurns(peers, 6, (name, server, round) -> part.measure(lab, name, server, round, 0));
    Files.writeString(
        lab.images().resolve("cpu.svg"),
        BarChart.svg("CPU of the server for each message, µs", part.cpu));
    return part.tables(Peers.NETTY) + Report.commands(lab, peers);
  }

  /** Tally and Django with every count stored in Redis before the reply; Tally in memory beside. */
  static String inRedis(Lab lab) throws IOException {
    try (RedisServer redis = RedisServer.start()) {
      Peers all = lab.peers(lab.jvm());
      List<Peer> peers = new ArrayList<>(List.of(all.tally("Tally, in memory")));
      peers.add(all.tally(Peers.TALLY, "--redis-url", redis.url()));
      all.django("Django", redis.url()).ifPresent(peers::add);
      MessagePart part = new MessagePart(Lab.PAYLOAD_BYTES);
      lab.inTurns(
          peers, 4, (name, server, round) -> part.measure(lab, name, server, round, redis.pid()));
      return part.tables(Peers.TALLY) + part.redisTable("") + Report.commands(lab, peers);
    }
  }

  /** Servers that store every count in one Redis; ratios to one of them. */
  static String beside(Lab lab, List<Peer> peers, RedisServer redis, int payloadBytes, String base)
      throws IOException {
    MessagePart part = new MessagePart(payloadBytes);
    lab.inTurns(
        peers, 4, (name, server, round) -> part.measure(lab, name, server, round, redis.pid()));
    return part.tables(base) + part.redisTable(base);
  }

  private String redisTable(String base) {
    return "\nCPU of redis-server itself for each message, µs:\n\n"
        + redisCpu.table("counter", MICROS, base);
  }

  private void measure(Lab lab, String name, ServerProcess server, int number, long redis)
      throws IOException {
    // The just-in-time compiler has the first round.
    boolean counts = lab.brief() || number > 0;
    Duration warmUp = lab.seconds(number == 0 ? 2 : 0.5);
    try (LoadGenerator load = new LoadGenerator(server.port(), payloadBytes)) {
      load.connect(SOCKETS, SOCKETS);
      for (int depth : DEPTHS) {
        load.closedLoop(depth, warmUp).exact();
        double before = server.cpuSeconds();
        double redisBefore = redis == 0 ? 0 : ServerProcess.cpuSeconds(redis);
        Round round = load.closedLoop(depth, lab.seconds(2.5)).exact();
        String column = depth + " in flight";
        if (counts) {
          cpu.add(name, column, (server.cpuSeconds() - before) * 1e6 / round.replies);
          throughput.add(name, column, round.perSecond());
          if (redis != 0) {
            double used = ServerProcess.cpuSeconds(redis) - redisBefore;
            redisCpu.add(name, column, used * 1e6 / round.replies);
          }
        }
      }
    }
  }

  private String tables(String base) {
    return "CPU of the server's process for each message, µs:\n\n"
        + cpu.table("counter", MICROS, base)
        + "\nMessages a second:\n\n"
        + throughput.table("counter", "%,.0f", base);
  }
}
