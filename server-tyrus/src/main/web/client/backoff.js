/**
 * Exponential backoff with full jitter: a pause is the server's hint plus a random time from a
 * window. The window starts as the larger of the first window and the hint, and doubles with each
 * failure up to a maximum. Without the random part, clients that lost their server at the same
 * moment would all come back at the same moment (docs/PROTOCOL.md, "Coming back").
 */
export class Backoff {
  #firstMs;
  #longestMs;
  #random;
  #failures = 0;

  /**
   * @param {number} firstMs the first window
   * @param {number} longestMs the longest window
   * @param {() => number} random returns a number from 0 to below 1
   */
  constructor(firstMs, longestMs, random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /**
   * The pause after one more failure.
   *
   * @param {number} hintMs the shortest pause; 0 if there is no hint
   * @returns {number} whole milliseconds
   */
  next(hintMs) {
    const firstMs = Math.max(this.#firstMs, hintMs);
    const windowMs = Math.min(this.#longestMs, firstMs * 2 ** this.#failures++);
    return hintMs + Math.floor(this.#random() * (windowMs + 1));
  }

  /** Goes back to the first window, after a success. */
  reset() {
    this.#failures = 0;
  }
}
