package dev.tally.metrics.http;

/**
 * Checks the first line of a request: method, target and version (RFC 9112, section 3). Servers
 * that accept more than one space, other white space or other line ends let a client smuggle a
 * second request past a proxy that reads the line differently, so only one form is accepted.
 */
final class RequestLine {

  private enum Part {
    METHOD,
    TARGET_START,
    SCHEME,
    FIRST_SLASH,
    SECOND_SLASH,
    AUTHORITY,
    TARGET,
    VERSION,
    LINE_FEED
  }

  private static final String VERSION = "HTTP/";

  private final WordMatcher method = new WordMatcher("head");
  private final WordMatcher scheme = new WordMatcher("http", "https", "ws", "wss");
  private Part part = Part.METHOD;

  /** Characters so far of the authority or the version. */
  private int length;

  private boolean isHead;
  private boolean isHttp11;

  void restart() {
    part = Part.METHOD;
    method.restart();
    isHead = false;
    isHttp11 = false;
  }

  /** Whether the method is {@code HEAD}; false until the method is complete. */
  boolean isHead() {
    return isHead;
  }

  /** Whether the version is 1.1 and not 1.0; valid once the line is complete. */
  boolean isHttp11() {
    return isHttp11;
  }

  /**
   * Takes the next character.
   *
   * @return whether it was the last one of the line
   * @throws HeadFaultException if it breaks a rule
   */
  boolean accept(int c) {
    switch (part) {
      case METHOD -> method(c);
      case TARGET_START -> targetStart(c);
      case SCHEME -> scheme(c);
      case FIRST_SLASH -> slash(c, Part.SECOND_SLASH);
      case SECOND_SLASH -> slash(c, Part.AUTHORITY);
      case AUTHORITY -> authority(c);
      case TARGET -> target(c);
      case VERSION -> version(c);
      case LINE_FEED -> LineEnd.checkLineFeed(c);
    }
    return part == Part.LINE_FEED && c == '\n';
  }

  private void method(int c) {
    if (c == ' ' && !method.isEmpty()) {
      // Unknown methods pass: the port answers them with 405, which says what is allowed.
      isHead = method.index() >= 0;
      part = Part.TARGET_START;
    } else if (Characters.isToken(c)) {
      method.add(c);
    } else {
      throw malformed();
    }
  }

  /** The path alone, a URL (which proxies send), or the asterisk of OPTIONS. */
  private void targetStart(int c) {
    if (c == '/' || c == '*') {
      part = Part.TARGET;
    } else {
      part = Part.SCHEME;
      scheme.restart();
      scheme(c);
    }
  }

  private void scheme(int c) {
    if (c == ':' && scheme.index() >= 0) {
      part = Part.FIRST_SLASH;
    } else if (Characters.isToken(c)) {
      scheme.add(c);
    } else {
      throw noTarget();
    }
  }

  private void slash(int c, Part next) {
    if (c != '/') {
      throw noTarget();
    }
    part = next;
    length = 0;
  }

  /**
   * Host and port of a URL. It must not be empty, and '@' is not allowed: of {@code a@b} one parser
   * takes a for the host, and another one b.
   */
  private void authority(int c) {
    if (length > 0 && (c == '/' || c == '?')) {
      part = Part.TARGET;
    } else if (length > 0 && c == ' ') {
      startVersion();
    } else if (Characters.isHost(c)) {
      length++;
    } else {
      throw HeadFaultException.badRequest(
          "The request's target must have a host name, with or without a port.");
    }
  }

  /**
   * Path and query. Everything but white space, control characters and '#' passes, also characters
   * that RFC 3986 does not allow: browsers send some of them, and no parser ends a target there.
   */
  private void target(int c) {
    if (c == ' ') {
      startVersion();
    } else if (c <= ' ' || c > '~' || c == '#') {
      throw HeadFaultException.badRequest(
          "The request's target must be printable ASCII without spaces and #.");
    }
  }

  private void startVersion() {
    part = Part.VERSION;
    length = 0;
  }

  /**
   * {@code HTTP/1.1} or {@code HTTP/1.0}, then CR. Version 1.0 is accepted because some probes send
   * it. HTTP/2 without TLS begins with a line of this form, and gets a status that says so.
   */
  private void version(int c) {
    boolean right =
        switch (length) {
          case 0, 1, 2, 3, 4 -> c == VERSION.charAt(length);
          case 5, 7 -> c >= '0' && c <= '9';
          case 6 -> c == '.';
          default -> c == '\r';
        };
    if (!right) {
      throw malformed();
    } else if ((length == 5 && c != '1') || (length == 7 && c > '1')) {
      throw new HeadFaultException(
          new HeadFault("505 HTTP Version Not Supported", "This server supports HTTP/1.1 only."));
    } else if (length == 8) {
      part = Part.LINE_FEED;
    } else {
      isHttp11 = c == '1';
      length++;
    }
  }

  private static HeadFaultException malformed() {
    return HeadFaultException.badRequest(
        "The first line of a request must be a method, a target and HTTP/1.1, with one space"
            + " between them.");
  }

  private static HeadFaultException noTarget() {
    return HeadFaultException.badRequest(
        "The request's target must be a path that begins with /, or a URL.");
  }
}
