package dev.tally.server.handshake;

import java.util.ArrayList;
import java.util.List;

/**
 * The entries of {@code Sec-WebSocket-Protocol}. A browser can set no other header of a handshake,
 * so an entry may also be a token: {@code bearer.} and the token. That is no subprotocol, and a
 * secret.
 */
public final class Subprotocols {

  /** The header's name. */
  public static final String HEADER = "Sec-WebSocket-Protocol";

  private static final String BEARER = "bearer.";

  private Subprotocols() {}

  /**
   * What the client can speak.
   *
   * @param values of the header, one for each line
   * @return its entries in their order, without tokens
   */
  public static List<String> asked(Iterable<String> values) {
    List<String> protocols = new ArrayList<>();
    for (String entry : entries(values)) {
      if (!isToken(entry)) {
        protocols.add(entry);
      }
    }
    return protocols;
  }

  /** The tokens among the entries. */
  static List<String> tokens(Iterable<String> values) {
    List<String> tokens = new ArrayList<>(1);
    for (String entry : entries(values)) {
      if (isToken(entry)) {
        tokens.add(entry.substring(BEARER.length()));
      }
    }
    return tokens;
  }

  private static List<String> entries(Iterable<String> values) {
    List<String> entries = new ArrayList<>();
    for (String value : values) {
      for (String entry : value.split(",", -1)) {
        entries.add(entry.strip());
      }
    }
    return entries;
  }

  private static boolean isToken(String entry) {
    return entry.regionMatches(true, 0, BEARER, 0, BEARER.length());
  }
}
