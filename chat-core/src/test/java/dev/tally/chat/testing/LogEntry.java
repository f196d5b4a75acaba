package dev.tally.chat.testing;

/** One entry of the message log, as a reader sees it. */
public sealed interface LogEntry {

  /**
   * When the numbers of the session began. It differs between messages of one session that have the
   * same number.
   *
   * @return any text that the store chooses
   */
  String began();

  /**
   * A message.
   *
   * @param began when the numbers of the session began
   * @param n the number of the message
   * @param text what the client sent
   */
  record Message(String began, long n, String text) implements LogEntry {}

  /**
   * Messages that were counted, but are not in the log after the entry before.
   *
   * @param began when the numbers of the session began
   * @param from the first number
   * @param to the last number
   */
  record Gap(String began, long from, long to) implements LogEntry {}
}
