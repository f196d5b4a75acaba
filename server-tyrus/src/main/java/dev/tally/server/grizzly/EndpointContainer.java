package dev.tally.server.grizzly;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.Map;
import java.util.Set;
import org.glassfish.tyrus.core.DebugContext;
import org.glassfish.tyrus.core.TyrusWebSocketEngine;
import org.glassfish.tyrus.server.TyrusServerContainer;
import org.glassfish.tyrus.spi.WebSocketEngine;

/**
 * Tyrus without a network of its own. Its limits and timers are off or out of reach, because ours
 * are checked earlier: at a frame's header, and in one sweep over all connections.
 */
final class EndpointContainer extends TyrusServerContainer {

  /** Frame header and mask. */
  private static final int FRAME_OVERHEAD = 14;

  private final TyrusWebSocketEngine engine;

  EndpointContainer(int maxMessageBytes) {
    super(Set.of());
    this.engine =
        TyrusWebSocketEngine.builder(this)
            // Above what our reader lets through: Tyrus would answer 1011.
            .incomingBufferSize(Math.max(maxMessageBytes, 125) + FRAME_OVERHEAD)
            // ON_DEMAND would let a request ask for trace headers in its response.
            .tracingType(DebugContext.TracingType.OFF)
            .tracingThreshold(DebugContext.TracingThreshold.SUMMARY)
            .parallelBroadcastEnabled(false)
            .build();
    // 0, the default, would schedule an empty task for every message.
    setDefaultMaxSessionIdleTimeout(-1);
  }

  @Override
  public void register(Class<?> endpointClass) throws DeploymentException {
    engine.register(endpointClass, "/");
  }

  @Override
  public void register(ServerEndpointConfig serverEndpointConfig) throws DeploymentException {
    engine.register(serverEndpointConfig, "/");
  }

  @Override
  public Map<String, Object> getProperties() {
    return Map.of();
  }

  @Override
  public WebSocketEngine getWebSocketEngine() {
    return engine;
  }
}
