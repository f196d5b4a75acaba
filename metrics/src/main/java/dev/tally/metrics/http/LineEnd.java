package dev.tally.metrics.http;

/** The end of a line: CR and LF. A single one of them is refused wherever it comes. */
final class LineEnd {

  static final String RULE = "Every line must end with CR and LF.";

  private LineEnd() {}

  /**
   * Checks the character behind a CR.
   *
   * @throws HeadFaultException if it is no LF
   */
  static void checkLineFeed(int c) {
    if (c != '\n') {
      throw HeadFaultException.badRequest(RULE);
    }
  }
}
