package dev.tally.metrics.http;

/** Sets of ASCII characters that the grammar of HTTP names. */
final class Characters {

  private Characters() {}

  /** {@code tchar}: methods and header names consist of these (RFC 9110, section 5.6.2). */
  static boolean isToken(int c) {
    return isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  /** Characters of a host with its port (RFC 3986, section 3.2). '@' is left out: no login here. */
  static boolean isHost(int c) {
    return isLetterOrDigit(c) || "-._~%!$&'()*+;=:[]".indexOf(c) >= 0;
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
