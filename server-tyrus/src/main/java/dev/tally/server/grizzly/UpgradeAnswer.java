package dev.tally.server.grizzly;

import dev.tally.server.handshake.Handshake;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.glassfish.tyrus.spi.UpgradeResponse;

/**
 * What Tyrus answers a handshake. Its own class for it makes two strings in lower case each time
 * that it compares two header names, and with an order of its own beside the requests' one the map
 * is compiled twice, just when a process that was started has thousands of handshakes to do.
 */
final class UpgradeAnswer extends UpgradeResponse {

  private final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private int status;
  private String reasonPhrase = "";

  @Override
  public int getStatus() {
    return status;
  }

  @Override
  public void setStatus(int status) {
    this.status = status;
  }

  @Override
  public String getReasonPhrase() {
    return reasonPhrase;
  }

  @Override
  public void setReasonPhrase(String reasonPhrase) {
    this.reasonPhrase = reasonPhrase;
  }

  @Override
  public Map<String, List<String>> getHeaders() {
    return headers;
  }

  /** The response's head as it is sent, with the headers that are ours. */
  ByteBuffer head(Handshake handshake) {
    StringBuilder head = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n");
    for (Map.Entry<String, List<String>> header : headers.entrySet()) {
      head.append(header.getKey()).append(": ");
      head.append(String.join(", ", header.getValue())).append("\r\n");
    }
    handshake
        .extensions()
        .ifPresent(value -> head.append("Sec-WebSocket-Extensions: ").append(value).append("\r\n"));
    head.append("X-Session-Id: ").append(handshake.sessionId().text());
    head.append("\r\nX-Request-Id: ").append(handshake.requestId()).append("\r\n\r\n");
    return ByteBuffer.wrap(head.toString().getBytes(StandardCharsets.ISO_8859_1));
  }
}
