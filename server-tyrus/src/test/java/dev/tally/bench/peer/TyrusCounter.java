package dev.tally.bench.peer;

import jakarta.websocket.OnMessage;
import jakarta.websocket.server.ServerEndpoint;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.glassfish.tyrus.server.Server;

/**
 * An annotated endpoint in Tyrus's own container on Grizzly: what Tally would be without its glue.
 */
public final class TyrusCounter {

  private TyrusCounter() {}

  /**
   * Serves until it is killed.
   *
   * @param args the port
   * @throws Exception if the port cannot be bound
   */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    new Server("127.0.0.1", port, "/", Map.of(), Counter.class).start();
    // Grizzly's threads are daemons.
    new CountDownLatch(1).await();
  }

  /** One instance for each connection, as the specification has it. */
  @ServerEndpoint("/ws/chat/")
  public static final class Counter {
    private long count;

    /**
     * Counts.
     *
     * @param message what the client sent
     * @return the reply
     */
    @OnMessage
    public String count(String message) {
      return "{\"count\": " + ++count + "}";
    }
  }
}
