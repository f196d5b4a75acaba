/**
 * Exponential backoff with full jitter: any pause from zero to a ceiling that doubles with each
 * failure, so that clients which fell together do not come back together.
 */
export class Backoff {
  #firstMs;
  #longestMs;
  #random;
  #failures = 0;

  /**
   * @param {number} firstMs the first ceiling
   * @param {number} longestMs the last ceiling
   * @param {() => number} random from 0 inclusive to 1 exclusive
   */
  constructor(firstMs, longestMs, random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** The pause after one more failure, in milliseconds. */
  next() {
    const ceilingMs = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#failures++);
    return Math.floor(this.#random() * (ceilingMs + 1));
  }

  /** Begins again, after a success. */
  reset() {
    this.#failures = 0;
  }
}
