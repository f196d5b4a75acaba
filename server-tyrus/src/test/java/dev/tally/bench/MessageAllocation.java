package dev.tally.bench;

import dev.tally.bench.peer.JettyCounter;
import dev.tally.bench.peer.NettyCounter;
import dev.tally.bench.peer.TyrusCounter;
import dev.tally.bench.peer.UndertowCounter;
import dev.tally.server.Main;
import dev.tally.session.redis.testing.FreePort;
import dev.tally.session.redis.testing.RedisServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A message and its reply over a socket, with the server in the same JVM: the whole way, whatever
 * threads it takes. The client's side, which is counted too, allocates next to nothing.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@SuppressWarnings("NullAway.Init") // JMH calls setUp first
public class MessageAllocation {

  /** Which server answers. */
  @Param({"Tally", "Tally, Redis", "Netty", "Undertow", "Jetty", "Tyrus on Grizzly"})
  public String counter;

  private OneSocket socket;
  private RedisServer redis;

  /**
   * Starts the server and connects.
   *
   * @throws IOException if the server does not take the connection
   */
  @Setup
  public void setUp() throws IOException {
    redis = RedisServer.start();
    int port = FreePort.pick();
    Thread server = new Thread(() -> serve(port));
    server.setDaemon(true);
    server.start();
    while (!ServerProcess.upgrades(port)) {
      ServerProcess.sleep(ServerProcess.POLL);
    }
    socket = new OneSocket(port);
  }

  private void serve(int port) {
    String[] args = {"" + port};
    try {
      switch (counter) {
        case "Tally" -> Main.main(tally(port));
        case "Tally, Redis" -> Main.main(tally(port, "--redis-url", redis.url()));
        case "Netty" -> NettyCounter.main(args);
        case "Undertow" -> UndertowCounter.main(args);
        case "Jetty" -> JettyCounter.main(args);
        case "Tyrus on Grizzly" -> TyrusCounter.main(args);
        default -> throw new IllegalArgumentException("no counter '" + counter + "'");
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static String[] tally(int port, String... more) {
    List<String> args = new ArrayList<>(List.of("--host=127.0.0.1", "--port=" + port));
    args.addAll(List.of("--admin-port=0", "--log-level=warn"));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  /**
   * One message.
   *
   * @throws IOException if the server ends the connection
   */
  @Benchmark
  public void message() throws IOException {
    socket.exchange();
  }

  /**
   * Ends what outlives the JVM.
   *
   * @throws IOException if the socket cannot be closed
   */
  @TearDown
  public void tearDown() throws IOException {
    socket.close();
    redis.close();
  }
}
