/**
 * Exponential backoff with full jitter: a pause is the server's hint and a random time out of a
 * window. The window is the first one or the hint, whichever is longer, and doubles with each
 * failure up to the longest one: so clients that fell together, or were told the same
 * hint, come back apart (docs/PROTOCOL.md, "Coming back").
 */
export class Backoff {
  #firstMs;
  #longestMs;
  #random;
  #failures = 0;

  /**
   * @param {number} firstMs the first window
   * @param {number} longestMs the longest
   * @param {() => number} random from 0 inclusive to 1 exclusive
   */
  constructor(firstMs, longestMs, random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /**
   * The pause after one more failure.
   *
   * @param {number} hintMs the least; 0 if there is no hint
   * @returns {number} whole milliseconds
   */
  next(hintMs) {
    const firstMs = Math.max(this.#firstMs, hintMs);
    const windowMs = Math.min(this.#longestMs, firstMs * 2 ** this.#failures++);
    return hintMs + Math.floor(this.#random() * (windowMs + 1));
  }

  /** Begins again, after a success. */
  reset() {
    this.#failures = 0;
  }
}
