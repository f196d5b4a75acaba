import { Backoff } from './backoff.js';
import { INTERNAL_ERROR, RATE_LIMIT, SUPERSEDED, reconnectAfter, retryAfterMs } from './close-codes.js';

/**
 * How long after its end an attempt without a welcome may still take the session away from the
 * connection that came after it. A browser cannot tell why an attempt failed, so each one counts
 * that did not end with 4001, also one that was refused.
 */
const STRAY_MS = 30_000;

/** Whether and when to come back after an ending (docs/PROTOCOL.md, "Close codes"). */
export class ReconnectRules {
  #backoff;
  #now;
  /** Whether the present connection has shown that it works. */
  #proved = false;
  #strayUntilMs = 0;

  /**
   * @param {object} options
   * @param {number} options.backoffMs ceiling of the first pause
   * @param {number} options.maxBackoffMs ceiling of the longest
   * @param {() => number} options.random for the jitter
   * @param {() => number} [options.now] milliseconds of a clock that is never set back
   */
  constructor({ backoffMs, maxBackoffMs, random, now = () => performance.now() }) {
    this.#backoff = new Backoff(backoffMs, maxBackoffMs, random);
    this.#now = now;
  }

  /** A connection has its welcome. */
  opened() {
    this.#proved = false;
  }

  /** The connection works: more came over it than the welcome, which a server in trouble may say. */
  proved() {
    this.#proved = true;
  }

  /** The connection that had its welcome is over. @param {number} code */
  broke(code) {
    if (this.#proved && code !== RATE_LIMIT && code !== INTERNAL_ERROR) {
      this.#backoff.reset();
    }
  }

  /** An attempt ended before its welcome. @param {number} code */
  failed(code) {
    if (code !== SUPERSEDED) {
      this.#strayUntilMs = this.#now() + STRAY_MS;
    }
  }

  /** There is reason to try at once: pauses begin anew. */
  hurry() {
    this.#backoff.reset();
  }

  /**
   * Decides on an ending.
   *
   * @param {number} code
   * @param {boolean} moving whether the next connection of this client was under way already
   * @returns {boolean} true: stay away for ever; false: come back after {@link pauseMs}
   */
  giveUp(code, moving) {
    if (code === SUPERSEDED && (moving || this.#now() < this.#strayUntilMs)) {
      this.#strayUntilMs = 0;
      return false;
    }
    return reconnectAfter(code) === 'never';
  }

  /**
   * How long to wait before the next attempt. The hint is this client's own slot; jitter on top
   * keeps those apart that got none.
   *
   * @param {string} reason of the close
   */
  pauseMs(reason) {
    return retryAfterMs(reason) + this.#backoff.next();
  }
}
