package dev.tally.metrics.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;

/**
 * The parameters of a query, decoded strictly: what is damaged is refused and never replaced by
 * something else. A plus is a plus (RFC 3986), and not a space as in a form.
 */
public final class QueryParameters {

  /**
   * One parameter.
   *
   * @param name before the equals sign
   * @param value behind it; may be empty
   */
  public record Parameter(String name, String value) {}

  private QueryParameters() {}

  /**
   * Reads a query.
   *
   * @param query the target behind the question mark; may be empty
   * @return the parameters in their order
   * @throws IllegalArgumentException if a percent sign has no two hexadecimal digits behind it, or
   *     the bytes are no UTF-8
   */
  public static List<Parameter> parse(String query) {
    List<Parameter> parameters = new ArrayList<>();
    for (String text : query.split("&", -1)) {
      if (!text.isEmpty()) {
        int equals = text.indexOf('=');
        parameters.add(
            new Parameter(
                decode(equals < 0 ? text : text.substring(0, equals)),
                equals < 0 ? "" : decode(text.substring(equals + 1))));
      }
    }
    return parameters;
  }

  private static String decode(String text) {
    ByteBuffer bytes = ByteBuffer.allocate(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        // Not Integer.parseInt, which takes a sign.
        int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
        int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
        if (low < 0) {
          throw new IllegalArgumentException("a percent sign is no part of an encoded byte");
        }
        bytes.put((byte) (high * 16 + low));
        i += 2;
      } else {
        bytes.put((byte) c);
      }
    }
    try {
      return UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("the query is no UTF-8", e);
    }
  }
}
