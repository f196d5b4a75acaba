package dev.tally.metrics.http;

/**
 * Finds out which of a few known words comes in, character by character and without regard to case.
 * It keeps the set of words that are still possible instead of the characters, so a client can make
 * a word as long as it likes without any memory for it.
 */
final class WordMatcher {

  private final String[] words;
  private int length;

  /** Bit i is set while {@code words[i]} begins with the characters so far. */
  private int possible;

  /**
   * Makes a matcher for a first word.
   *
   * @param words at most 31, in lower case
   */
  WordMatcher(String... words) {
    this.words = words;
    restart();
  }

  void restart() {
    length = 0;
    possible = (1 << words.length) - 1;
  }

  void add(int c) {
    int lower = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    for (int i = 0; i < words.length; i++) {
      if (length >= words[i].length() || words[i].charAt(length) != lower) {
        possible &= ~(1 << i);
      }
    }
    length++;
  }

  boolean isEmpty() {
    return length == 0;
  }

  /** The index of the known word that came in; -1 if it is another one. */
  int index() {
    for (int i = 0; i < words.length; i++) {
      if ((possible & 1 << i) != 0 && words[i].length() == length) {
        return i;
      }
    }
    return -1;
  }
}
