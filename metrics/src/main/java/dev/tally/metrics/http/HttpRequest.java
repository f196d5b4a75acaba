package dev.tally.metrics.http;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A request; it has no body.
 *
 * @param method the method, such as {@code GET}
 * @param path the target up to the question mark, not decoded
 * @param query the target behind the question mark, not decoded; may be empty
 * @param headers the values by the headers' names in lower case; of several with one name the last
 */
public record HttpRequest(String method, String path, String query, Map<String, String> headers) {

  /** Copies the headers. */
  public HttpRequest {
    headers = Map.copyOf(headers);
  }

  /** Reads a head that {@link RequestHead} accepted, without empty lines around it. */
  static HttpRequest parse(String head) {
    String[] lines = head.split("\r\n", -1);
    String[] requestLine = lines[0].split(" ", -1);
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(colon + 1).strip());
    }
    String target = RequestHead.originForm(requestLine[1]);
    int question = target.indexOf('?');
    return new HttpRequest(
        requestLine[0],
        question < 0 ? target : target.substring(0, question),
        question < 0 ? "" : target.substring(question + 1),
        headers);
  }

  /**
   * The value of a header.
   *
   * @param name the header's name in lower case
   * @return the value; empty if the request does not have the header
   */
  public String header(String name) {
    return headers.getOrDefault(name, "");
  }
}
