package dev.tally.server.grizzly;

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
}
