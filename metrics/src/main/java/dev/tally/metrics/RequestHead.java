package dev.tally.metrics;

import java.util.Locale;
import java.util.Optional;

/**
 * Checks the head of an HTTP/1 request (RFC 9112) byte by byte, before anything else reads it. What
 * a proxy in front could read in another way is refused, so that both always see the same requests.
 * That includes every request with a body, because nothing here takes one. Allocates nothing unless
 * it refuses. Not safe for concurrent use.
 *
 * <p>Order of calls: {@link #accept} for each byte until it returns true. Then {@link #fault} says
 * whether the head is refused. If it is not, {@link #restart} makes it ready for the next head.
 */
public final class RequestHead {

  /**
   * How large a head may be.
   *
   * @param bytes the longest head, its empty line included; 1 or more
   * @param headers the most header lines; 1 or more
   */
  public record Limits(int bytes, int headers) {

    /** 32 KiB and 128 headers: single sign-on sets cookies that take more than 8 KiB. */
    public static final Limits DEFAULT = new Limits(32 * 1024, 128);
  }

  /**
   * Why a head is refused.
   *
   * @param status the status line's code and phrase
   * @param sentence what is wrong, for people
   */
  public record Fault(String status, String sentence) {

    /**
     * Whether the head was larger than the limits, and not wrong.
     *
     * @return true for 414 and 431
     */
    public boolean isTooLarge() {
      return status.startsWith("414") || status.startsWith("431");
    }
  }

  private enum Part {
    START,
    EMPTY_LINE,
    METHOD,
    TARGET_START,
    SCHEME,
    FIRST_SLASH,
    SECOND_SLASH,
    AUTHORITY,
    TARGET,
    VERSION,
    REQUEST_LINE_END,
    LINE,
    NAME,
    BEFORE_VALUE,
    VALUE,
    AFTER_VALUE,
    LINE_END,
    HEAD_END,
    END
  }

  private static final String VERSION = "http/";
  private static final String[] METHODS = {"head"};
  private static final String[] SCHEMES = {"http", "https", "ws", "wss"};
  private static final String[] NAMES = {"host", "content-length", "transfer-encoding"};
  private static final int HOST = 0;
  private static final int CONTENT_LENGTH = 1;
  private static final int TRANSFER_ENCODING = 2;

  private final Limits limits;
  private Part part = Part.START;
  private int bytes;
  private int headers;
  private int hosts;
  private int lengths;
  private boolean head;
  private boolean oneOne;

  /** The word that is read: how long it is, and which of the known ones begin with it. */
  private int length;

  private int candidates;

  /** Which of {@link #NAMES} the header has, or -1. */
  private int name;

  private Optional<Fault> fault = Optional.empty();

  /**
   * Makes a check that is ready for a first head.
   *
   * @param limits how large a head may be
   */
  public RequestHead(Limits limits) {
    this.limits = limits;
  }

  /** Makes it ready for the next head. */
  public void restart() {
    part = Part.START;
    bytes = 0;
    headers = 0;
    hosts = 0;
    lengths = 0;
    head = false;
    oneOne = false;
    fault = Optional.empty();
  }

  /**
   * Why the head is refused.
   *
   * @return empty if nothing was wrong so far
   */
  public Optional<Fault> fault() {
    return fault;
  }

  /**
   * Whether the answer must have no body.
   *
   * @return true for the method {@code HEAD}
   */
  public boolean isHead() {
    return head;
  }

  /**
   * Whether the head itself has not begun.
   *
   * @return true before its first byte, an empty line in front of it left out
   */
  public boolean isBeforeStart() {
    return part == Part.START || part == Part.EMPTY_LINE;
  }

  /**
   * Whether the last byte ended the empty line that may stand before a head.
   *
   * @return true if the head begins with the next byte
   */
  public boolean isAfterEmptyLine() {
    return part == Part.START && bytes > 0;
  }

  /**
   * The target of a request in origin form (RFC 9112, section 3.2.1).
   *
   * @param target of a head that was accepted
   * @return path and query, what stands before them in a URL left out
   */
  public static String originForm(String target) {
    int authority = target.charAt(0) == '/' ? -1 : target.indexOf("://");
    if (authority < 0) {
      return target;
    }
    for (int i = authority + 3; i < target.length(); i++) {
      if (target.charAt(i) == '/' || target.charAt(i) == '?') {
        String rest = target.substring(i);
        return rest.charAt(0) == '/' ? rest : '/' + rest;
      }
    }
    return "/";
  }

  /**
   * Takes the next byte.
   *
   * @param next the byte
   * @return whether this was the last one: the head is complete, or refused
   */
  public boolean accept(byte next) {
    if (++bytes > limits.bytes()) {
      return refuseSize();
    }
    int c = next & 0xff;
    switch (part) {
      case START -> {
        if (c == '\r' && bytes == 1) {
          part = Part.EMPTY_LINE;
        } else {
          begin(Part.METHOD, METHODS);
          method(c);
        }
      }
      case EMPTY_LINE -> lineFeed(c, Part.START);
      case METHOD -> method(c);
      case TARGET_START -> targetStart(c);
      case SCHEME -> scheme(c);
      case FIRST_SLASH -> slash(c, Part.SECOND_SLASH);
      case SECOND_SLASH -> slash(c, Part.AUTHORITY);
      case AUTHORITY -> authority(c);
      case TARGET -> target(c);
      case VERSION -> version(c);
      case REQUEST_LINE_END, LINE_END -> lineFeed(c, Part.LINE);
      case LINE -> line(c);
      case NAME -> name(c);
      case BEFORE_VALUE, VALUE, AFTER_VALUE -> value(c);
      case HEAD_END -> lineFeed(c, Part.END);
      case END -> throw new IllegalStateException("the head is complete: restart first");
    }
    return part == Part.END;
  }

  private void begin(Part word, String[] known) {
    part = word;
    length = 0;
    candidates = (1 << known.length) - 1;
  }

  private void match(int c, String[] known) {
    int lower = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    for (int i = 0; i < known.length; i++) {
      if (length >= known[i].length() || known[i].charAt(length) != lower) {
        candidates &= ~(1 << i);
      }
    }
    length++;
  }

  /** Which of the known words was read, or -1. */
  private int matched(String[] known) {
    for (int i = 0; i < known.length; i++) {
      if ((candidates & 1 << i) != 0 && known[i].length() == length) {
        return i;
      }
    }
    return -1;
  }

  private void method(int c) {
    if (c == ' ' && length > 0) {
      head = matched(METHODS) >= 0;
      part = Part.TARGET_START;
    } else if (isToken(c)) {
      match(c, METHODS);
    } else {
      refuseRequestLine();
    }
  }

  private void targetStart(int c) {
    if (c == '/' || c == '*') {
      part = Part.TARGET;
    } else {
      begin(Part.SCHEME, SCHEMES);
      scheme(c);
    }
  }

  private void scheme(int c) {
    if (c == ':' && matched(SCHEMES) >= 0) {
      part = Part.FIRST_SLASH;
    } else if (isToken(c)) {
      match(c, SCHEMES);
    } else {
      refuse("The request's target must be a path that begins with /, or a URL.");
    }
  }

  private void slash(int c, Part then) {
    if (c == '/') {
      part = then;
      length = 0;
    } else {
      refuse("The request's target must be a path that begins with /, or a URL.");
    }
  }

  private void authority(int c) {
    if (length > 0 && (c == '/' || c == '?')) {
      part = Part.TARGET;
    } else if (length > 0 && c == ' ') {
      begin(Part.VERSION, NAMES);
    } else if (isHost(c)) {
      length++;
    } else {
      refuse("The request's target must have a host name, with or without a port.");
    }
  }

  private void target(int c) {
    if (c == ' ') {
      begin(Part.VERSION, NAMES);
    } else if (c <= ' ' || c > '~' || c == '#') {
      refuse("The request's target must be printable ASCII without spaces and #.");
    }
  }

  private void version(int c) {
    boolean right =
        switch (length) {
          case 0, 1, 2, 3 -> c == VERSION.charAt(length) - ('a' - 'A');
          case 4 -> c == '/';
          case 5, 7 -> c >= '0' && c <= '9';
          case 6 -> c == '.';
          default -> c == '\r';
        };
    if (!right) {
      refuseRequestLine();
    } else if ((length == 5 && c != '1') || (length == 7 && c > '1')) {
      refuse("505 HTTP Version Not Supported", "This server speaks HTTP/1.1.");
    } else if (length == 8) {
      part = Part.REQUEST_LINE_END;
    } else {
      oneOne = c == '1';
      length++;
    }
  }

  private void line(int c) {
    if (c == '\r') {
      part = Part.HEAD_END;
      if (oneOne && hosts == 0) {
        refuse("A request of HTTP/1.1 needs the header Host.");
      }
    } else if (c == ' ' || c == '\t') {
      refuse("A header must not go on in the next line.");
    } else if (++headers > limits.headers()) {
      refuse(
          "431 Request Header Fields Too Large",
          String.format(
              Locale.ROOT, "A request has %d headers at the most here.", limits.headers()));
    } else {
      begin(Part.NAME, NAMES);
      name(c);
    }
  }

  private void name(int c) {
    if (c == ':' && length > 0) {
      name = matched(NAMES);
      known();
    } else if (isToken(c)) {
      match(c, NAMES);
    } else {
      refuse("A header line is a name without spaces, a colon and a value.");
    }
  }

  private void known() {
    part = Part.BEFORE_VALUE;
    if (name == TRANSFER_ENCODING) {
      refuse("A request has no body here, so it must not have the header Transfer-Encoding.");
    } else if (name == HOST && ++hosts > 1) {
      refuse("A request must have the header Host once.");
    } else if (name == CONTENT_LENGTH && ++lengths > 1) {
      refuse("A request must have the header Content-Length once.");
    }
  }

  private void value(int c) {
    if (c == '\r') {
      if (name == CONTENT_LENGTH && part == Part.BEFORE_VALUE) {
        refuse("Content-Length must be a number.");
      } else {
        part = Part.LINE_END;
      }
    } else if (c == ' ' || c == '\t') {
      part = part == Part.VALUE ? Part.AFTER_VALUE : part;
    } else if (c < ' ' || c == 0x7f) {
      refuse(
          c == '\n'
              ? "Every line must end with CR and LF."
              : "A header's value must have no control characters.");
    } else {
      boolean second = part == Part.AFTER_VALUE;
      part = Part.VALUE;
      if (name == HOST && (second || !isHost(c))) {
        refuse("The header Host must be a host name, with or without a port.");
      } else if (name == CONTENT_LENGTH && (second || c < '0' || c > '9')) {
        refuse("Content-Length must be a number.");
      } else if (name == CONTENT_LENGTH && c != '0') {
        refuse("A request has no body here, so Content-Length must be 0.");
      }
    }
  }

  private void lineFeed(int c, Part then) {
    if (c == '\n') {
      part = then;
    } else {
      refuse("Every line must end with CR and LF.");
    }
  }

  private void refuseRequestLine() {
    refuse("This is no request of HTTP/1.1: a method, a target and HTTP/1.1, one space between.");
  }

  private boolean refuseSize() {
    boolean line = part.compareTo(Part.REQUEST_LINE_END) <= 0;
    refuse(
        line ? "414 URI Too Long" : "431 Request Header Fields Too Large",
        String.format(
            Locale.ROOT,
            "A request has %d bytes at the most here, its headers included.",
            limits.bytes()));
    return true;
  }

  private void refuse(String sentence) {
    refuse("400 Bad Request", sentence);
  }

  private void refuse(String status, String sentence) {
    part = Part.END;
    fault = Optional.of(new Fault(status, sentence));
  }

  private static boolean isToken(int c) {
    return isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  private static boolean isHost(int c) {
    return isLetterOrDigit(c) || "-._~%!$&'()*+;=:[]".indexOf(c) >= 0;
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
