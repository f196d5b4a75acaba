package dev.tally.server.http;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An answer of plain HTTP. Immutable: all that wait for one answer share its body.
 *
 * @param status the status line's code and phrase
 * @param headers header lines without line end; those of length, connection and date come on top
 * @param body what follows the headers; must not change any more
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, and never written to.
public record HttpAnswer(String status, List<String> headers, byte[] body) {

  /** A longer body is not copied for each client that gets it. */
  public static final int SHORT_BODY_BYTES = 1024;

  /** What the queue keeps besides an answer's bytes, and for a body that is shared. */
  private static final int RECORD_BYTES = 512;

  private static final int SHARED_BODY_BYTES = 512;

  /** The longest of length, connection and date. */
  private static final int MORE_HEADERS_BYTES = 112;

  /** Copies the list of headers, not the body. */
  public HttpAnswer {
    headers = List.copyOf(headers);
  }

  /**
   * An answer of text that must not be kept by caches.
   *
   * @param status the status line's code and phrase
   * @param type the media type
   * @param text the body
   * @return the answer
   */
  public static HttpAnswer text(String status, String type, String text) {
    return new HttpAnswer(
        status,
        List.of("Content-Type: " + type, "Cache-Control: no-store"),
        text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What it takes of memory for each client that it waits for.
   *
   * @return bytes, the queue's own cost included
   */
  public int queuedBytes() {
    int bytes = RECORD_BYTES + status.length() + MORE_HEADERS_BYTES;
    for (String header : headers) {
      bytes += header.length() + 2;
    }
    return bytes + (body.length <= SHORT_BODY_BYTES ? body.length : SHARED_BODY_BYTES);
  }

  /**
   * The status line and all headers, with the empty line behind them.
   *
   * @param connection the value of {@code Connection}; empty for none
   * @param date the value of {@code Date} (RFC 9110, 6.6.1)
   * @return the head in ISO 8859-1
   */
  public byte[] head(String connection, String date) {
    StringBuilder head = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    if (!status.startsWith("304")) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    if (!connection.isEmpty()) {
      head.append("Connection: ").append(connection).append("\r\n");
    }
    head.append("Date: ").append(date).append("\r\n\r\n");
    return head.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
