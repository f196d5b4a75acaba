package dev.tally.bench.peer;

import java.time.Duration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** Jetty's own WebSocket API. */
public final class JettyCounter {

  private JettyCounter() {}

  /**
   * Serves until it is killed.
   *
   * @param args the port
   * @throws Exception if the port cannot be bound
   */
  public static void main(String[] args) throws Exception {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(args[0]));
    connector.setAcceptQueueSize(4096);
    server.addConnector(connector);
    server.setHandler(
        WebSocketUpgradeHandler.from(
            server,
            container -> {
              container.setIdleTimeout(Duration.ofMinutes(30));
              container.addMapping("/ws/chat/", (request, response, callback) -> new Counter());
            }));
    server.start();
  }

  /** Jetty finds the listener's methods by reflection, so it has to be public. */
  public static final class Counter extends Session.Listener.AbstractAutoDemanding {
    private long count;

    @Override
    public void onWebSocketText(String message) {
      getSession().sendText("{\"count\": " + ++count + "}", Callback.NOOP);
    }
  }
}
