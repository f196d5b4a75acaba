package dev.tally.server.grizzly;

import dev.tally.server.handshake.Subprotocols;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.tyrus.core.RequestContext;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeInfo;
import org.glassfish.tyrus.spi.WebSocketEngine.UpgradeStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks Tyrus to upgrade a request that {@code HandshakeRules} has checked. Tyrus finds the
 * endpoint, agrees on the subprotocol and computes the response. Safe for concurrent use.
 */
final class TyrusHandshake {

  private static final Logger LOGGER = LoggerFactory.getLogger(TyrusHandshake.class);

  /** What Tyrus sees as it came; extensions are not among it, since it knows of none. */
  private static final List<String> HEADERS = List.of("Host", "Sec-WebSocket-Key");

  /** What was checked, without other tokens that the same headers may have. */
  private static final Map<String, List<String>> CHECKED =
      Map.of(
          "Upgrade", List.of("websocket"),
          "Connection", List.of("Upgrade"),
          "Sec-WebSocket-Version", List.of("13"));

  private final WebSocketEngine engine;

  TyrusHandshake(WebSocketEngine engine) {
    this.engine = engine;
  }

  /**
   * Asks Tyrus.
   *
   * @param path of the endpoint
   * @param connection becomes the Jakarta session's user principal
   * @param answer gets the response
   * @return what opens the Jakarta session; null if Tyrus refuses, or a part of it is defective
   */
  @Nullable UpgradeInfo upgrade(
      URI path, HttpRequestPacket request, WebSocketConnection connection, UpgradeAnswer answer) {
    try {
      UpgradeInfo upgrade = engine.upgrade(request(path, request, connection), answer);
      // Tyrus takes some other statuses for a success, too.
      boolean agreed = upgrade.getStatus() == UpgradeStatus.SUCCESS && answer.getStatus() == 101;
      return agreed ? upgrade : null;
    } catch (RuntimeException e) {
      LOGGER.atError().addKeyValue("event", "error").setCause(e).log("handshake failed");
      return null;
    }
  }

  private static RequestContext request(
      URI path, HttpRequestPacket request, WebSocketConnection connection) {
    RequestContext context =
        RequestContext.Builder.create()
            .requestURI(path)
            .userPrincipal(new ConnectionPrincipal(connection))
            .remoteAddr(connection.handshake().address())
            .secure(request.isSecure())
            .tyrusProperties(Map.of())
            .build();
    context.getHeaders().putAll(CHECKED);
    for (String name : HEADERS) {
      String value = request.getHeader(name);
      if (value != null) {
        context.getHeaders().put(name, List.of(value));
      }
    }
    List<String> asked = Subprotocols.asked(request.getHeaders().values(Subprotocols.HEADER));
    if (!asked.isEmpty()) {
      context.getHeaders().put(Subprotocols.HEADER, asked);
    }
    return context;
  }
}
