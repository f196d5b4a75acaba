package dev.tally.server.logging;

import java.util.HexFormat;

/** Text as a JSON string. */
public final class JsonText {

  private static final HexFormat HEX = HexFormat.of();

  private JsonText() {}

  /**
   * Writes a text in quotes. Escapes what RFC 8259 (section 7) demands, and control characters that
   * a terminal would obey. Logback's own escaping also escapes '/': a search for a URL would not
   * find it in the log.
   *
   * @param json where to
   * @param text any text
   */
  public static void append(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (Character.isISOControl(c)) {
            json.append("\\u00").append(HEX.toHexDigits((byte) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
