package dev.tally.server.grizzly;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Why a handshake fails.
 *
 * @param status the HTTP status line's code and phrase
 * @param result the word for the metrics
 * @param header one more header line, without line end; may be empty
 * @param sentence the body: what is wrong, and the rule
 */
record Refusal(String status, String result, String header, String sentence) {

  Refusal(String status, String result, String sentence) {
    this(status, result, "", sentence);
  }

  /** The whole response. Its length is given and the connection ends with it. */
  byte[] encode() {
    byte[] body = (sentence + "\n").getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 "
            + status
            + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
            + body.length
            + "\r\nConnection: close\r\n"
            + (header.isEmpty() ? "" : header + "\r\n")
            + "\r\n";
    byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
    byte[] response = new byte[start.length + body.length];
    System.arraycopy(start, 0, response, 0, start.length);
    System.arraycopy(body, 0, response, start.length, body.length);
    return response;
  }

  /** Makes a client's value fit to be repeated: cut to 64 characters, printable ASCII only. */
  static String quoted(String value) {
    StringBuilder out = new StringBuilder("'");
    for (int i = 0; i < Math.min(value.length(), 64); i++) {
      char c = value.charAt(i);
      if (c < ' ' || c > '~' || c == '\'' || c == '\\') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(value.length() > 64 ? "…'" : "'").toString();
  }
}
