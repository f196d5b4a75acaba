package dev.tally.metrics.http;

import java.util.Locale;

/**
 * Checks the header lines of a request and the empty line behind them (RFC 9112, sections 5 and 6).
 *
 * <p>The rules for {@code Host}, {@code Content-Length} and {@code Transfer-Encoding} close the
 * ways in which a client makes a proxy and a server disagree about where a request ends or whom it
 * is for: two values, odd spellings of a number, a length beside chunks, a space before the colon,
 * a line that continues on the next. A body would be read as the next request, so none is accepted.
 */
final class HeaderFields {

  private enum Part {
    LINE_START,
    NAME,
    BEFORE_VALUE,
    VALUE,
    AFTER_VALUE,
    LINE_FEED,
    LAST_LINE_FEED
  }

  private static final int HOST = 0;
  private static final int CONTENT_LENGTH = 1;
  private static final int TRANSFER_ENCODING = 2;

  private final int limit;
  private final WordMatcher names = new WordMatcher("host", "content-length", "transfer-encoding");
  private Part part = Part.LINE_START;
  private int fields;
  private int hosts;
  private int lengths;

  /** The known name of the current line; -1 for any other. */
  private int name;

  /**
   * Makes a check for a first head.
   *
   * @param limit the maximum number of header lines
   */
  HeaderFields(int limit) {
    this.limit = limit;
  }

  void restart() {
    part = Part.LINE_START;
    fields = 0;
    hosts = 0;
    lengths = 0;
  }

  boolean hasHost() {
    return hosts > 0;
  }

  /**
   * Takes the next character.
   *
   * @return whether it was the last one of the empty line
   * @throws HeadFaultException if it breaks a rule
   */
  boolean accept(int c) {
    switch (part) {
      case LINE_START -> lineStart(c);
      case NAME -> name(c);
      case BEFORE_VALUE, VALUE, AFTER_VALUE -> value(c);
      case LINE_FEED -> {
        LineEnd.checkLineFeed(c);
        part = Part.LINE_START;
      }
      case LAST_LINE_FEED -> {
        LineEnd.checkLineFeed(c);
        return true;
      }
    }
    return false;
  }

  /** Whether the last character began the empty line. */
  boolean isEnding() {
    return part == Part.LAST_LINE_FEED;
  }

  private void lineStart(int c) {
    if (c == '\r') {
      part = Part.LAST_LINE_FEED;
    } else if (c == ' ' || c == '\t') {
      // Line folding is obsolete. Some proxies join such lines, others take them for a new header.
      throw HeadFaultException.badRequest("A header must not continue on the next line.");
    } else if (++fields > limit) {
      throw new HeadFaultException(
          new HeadFault(
              "431 Request Header Fields Too Large",
              String.format(Locale.ROOT, "A request may have at most %d headers here.", limit)));
    } else {
      part = Part.NAME;
      names.restart();
      name(c);
    }
  }

  /** No space may stand before the colon: some parsers ignore such a header, others read it. */
  private void name(int c) {
    if (c == ':' && !names.isEmpty()) {
      part = Part.BEFORE_VALUE;
      name = names.index();
      checkName();
    } else if (Characters.isToken(c)) {
      names.add(c);
    } else {
      throw HeadFaultException.badRequest(
          "A header line must be a name without spaces, a colon and a value.");
    }
  }

  /** With two values of one of these, each parser chooses its own. */
  private void checkName() {
    if (name == TRANSFER_ENCODING) {
      throw HeadFaultException.badRequest(
          "A request has no body here, so it must not have the header Transfer-Encoding.");
    } else if (name == HOST && ++hosts > 1) {
      throw HeadFaultException.badRequest("A request must have the header Host once.");
    } else if (name == CONTENT_LENGTH && ++lengths > 1) {
      throw HeadFaultException.badRequest("A request must have the header Content-Length once.");
    }
  }

  /** Bytes above ASCII pass: proxies and clients send them, and no parser ends a value there. */
  private void value(int c) {
    if (c == '\r') {
      if (name == CONTENT_LENGTH && part == Part.BEFORE_VALUE) {
        throw noNumber();
      }
      part = Part.LINE_FEED;
    } else if (c == ' ' || c == '\t') {
      part = part == Part.VALUE ? Part.AFTER_VALUE : part;
    } else if (c < ' ' || c == 0x7f) {
      throw HeadFaultException.badRequest(
          c == '\n' ? LineEnd.RULE : "A header's value must have no control characters.");
    } else {
      boolean isSecondWord = part == Part.AFTER_VALUE;
      part = Part.VALUE;
      checkValue(c, isSecondWord);
    }
  }

  private void checkValue(int c, boolean isSecondWord) {
    if (name == HOST && (isSecondWord || !Characters.isHost(c))) {
      throw HeadFaultException.badRequest(
          "The header Host must be a host name, with or without a port.");
    } else if (name == CONTENT_LENGTH && (isSecondWord || c < '0' || c > '9')) {
      throw noNumber();
    } else if (name == CONTENT_LENGTH && c != '0') {
      throw HeadFaultException.badRequest(
          "A request has no body here, so Content-Length must be 0.");
    }
  }

  private static HeadFaultException noNumber() {
    return HeadFaultException.badRequest("Content-Length must be a number.");
  }
}
