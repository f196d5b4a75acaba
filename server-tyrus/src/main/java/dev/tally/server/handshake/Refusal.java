package dev.tally.server.handshake;

import dev.tally.metrics.http.HeadFault;
import dev.tally.server.http.HttpAnswer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Why a handshake fails.
 *
 * @param status the HTTP status line's code and phrase
 * @param result the word for the metrics
 * @param header one more header line, without line end; may be empty
 * @param sentence the body: what is wrong, and the rule
 */
public record Refusal(String status, String result, String header, String sentence) {

  public Refusal(String status, String result, String sentence) {
    this(status, result, "", sentence);
  }

  /** For now: the client may come back after the given time, or try another server. */
  public static Refusal unavailable(String result, String sentence, Duration retryAfter) {
    return new Refusal("503 Service Unavailable", result, retryAfter(retryAfter), sentence);
  }

  /** A header line, in whole seconds, rounded up: a client never comes too early. */
  public static String retryAfter(Duration time) {
    return "Retry-After: " + time.plusMillis(999).toSeconds();
  }

  /** Of a head that the check refuses. */
  public static Refusal of(HeadFault fault) {
    return new Refusal(
        fault.status(), fault.isTooLarge() ? "too_large" : "bad_request", fault.sentence());
  }

  public HttpAnswer answer() {
    List<String> headers = new ArrayList<>(List.of("Content-Type: text/plain; charset=utf-8"));
    if (!header.isEmpty()) {
      headers.add(header);
    }
    return new HttpAnswer(status, headers, (sentence + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Makes a client's value fit to be repeated: cut to 64 characters, printable ASCII only. */
  public static String quoted(String value) {
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
