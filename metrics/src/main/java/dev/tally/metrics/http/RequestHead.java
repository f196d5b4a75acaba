package dev.tally.metrics.http;

import java.util.Locale;
import java.util.Optional;

/**
 * Checks the head of an HTTP/1 request (RFC 9112) byte by byte, before any other code reads it. A
 * head that a proxy in front could read in another way is refused, so that the proxy and the server
 * always see the same requests; otherwise a client could hide one request in another (request
 * smuggling). Requests with a body are refused too, because nothing here accepts one.
 *
 * <p>Order of calls: {@link #accept} for each byte until it returns true. Then {@link #fault} says
 * whether the head is refused. If it is not, {@link #restart} prepares for the next head.
 *
 * <p>Allocates nothing unless it refuses. Not safe for use by several threads.
 */
public final class RequestHead {

  private enum Part {
    START,
    EMPTY_LINE,
    REQUEST_LINE,
    FIELDS,
    END
  }

  private final HeadLimits limits;
  private final RequestLine requestLine = new RequestLine();
  private final HeaderFields fields;
  private Part part = Part.START;
  private int bytes;
  private Optional<HeadFault> fault = Optional.empty();

  /**
   * Makes a check that is ready for a first head.
   *
   * @param limits how large a head may be
   */
  public RequestHead(HeadLimits limits) {
    this.limits = limits;
    this.fields = new HeaderFields(limits.headers());
  }

  /** Prepares for the next head. */
  public void restart() {
    part = Part.START;
    bytes = 0;
    requestLine.restart();
    fields.restart();
    fault = Optional.empty();
  }

  /**
   * Why the head is refused.
   *
   * @return empty if no rule is broken so far
   */
  public Optional<HeadFault> fault() {
    return fault;
  }

  /**
   * Whether the answer must have no body.
   *
   * @return true for the method {@code HEAD}
   */
  public boolean isHead() {
    return requestLine.isHead();
  }

  /**
   * Whether the head itself has not begun.
   *
   * @return true before the first byte of the request line; an empty line before it does not count
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
   * @param target the target of a head that was accepted
   * @return path and query; of a URL the scheme and the host are left out
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
   * @return whether this was the last byte: the head is complete, or refused
   */
  public boolean accept(byte next) {
    try {
      if (++bytes > limits.bytes()) {
        throw tooLarge();
      }
      read(next & 0xff);
    } catch (HeadFaultException e) {
      part = Part.END;
      fault = Optional.of(e.fault());
    }
    return part == Part.END;
  }

  private void read(int c) {
    switch (part) {
      case START -> {
        // One empty line is allowed here: some clients send it behind the request before.
        if (c == '\r' && bytes == 1) {
          part = Part.EMPTY_LINE;
        } else {
          part = Part.REQUEST_LINE;
          requestLine.accept(c);
        }
      }
      case EMPTY_LINE -> {
        LineEnd.checkLineFeed(c);
        part = Part.START;
      }
      case REQUEST_LINE -> {
        if (requestLine.accept(c)) {
          part = Part.FIELDS;
        }
      }
      case FIELDS -> {
        if (fields.accept(c)) {
          part = Part.END;
        } else if (fields.isEnding() && requestLine.isHttp11() && !fields.hasHost()) {
          throw HeadFaultException.badRequest("A request of HTTP/1.1 must have the header Host.");
        }
      }
      case END -> throw new IllegalStateException("the head is complete: call restart first");
    }
  }

  private HeadFaultException tooLarge() {
    String sentence =
        String.format(
            Locale.ROOT,
            "A request may have at most %d bytes here, including its headers.",
            limits.bytes());
    return new HeadFaultException(
        new HeadFault(
            part == Part.FIELDS ? "431 Request Header Fields Too Large" : "414 URI Too Long",
            sentence));
  }
}
