package dev.tally.metrics.http;

/**
 * Why the head of a request is refused.
 *
 * @param status code and reason phrase for the status line of the answer
 * @param sentence the rule that the head breaks, for people
 */
public record HeadFault(String status, String sentence) {

  static HeadFault badRequest(String sentence) {
    return new HeadFault("400 Bad Request", sentence);
  }

  /**
   * Whether the head is refused for its size. It may follow all other rules.
   *
   * @return true for 414 and 431
   */
  public boolean isTooLarge() {
    return status.startsWith("414") || status.startsWith("431");
  }
}
