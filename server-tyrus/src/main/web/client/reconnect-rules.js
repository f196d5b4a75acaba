import { Backoff } from './backoff.js';
import {
  ABNORMAL,
  INTERNAL_ERROR,
  RATE_LIMIT,
  SUPERSEDED,
  reconnectAfter,
} from './close-codes.js';
import { hintInReason } from './hints.js';

/**
 * How long after its end an attempt without a welcome may still take the session away from the
 * connection that came after it. A browser cannot tell why an attempt failed, so there each one
 * counts that did not end with 4001, also one that was refused.
 */
const STRAY_MS = 30_000;

/** Two clients of a session that both count refusals do not take it from each other for long. */
const MAX_STRAYS = 5;

/** How the package ws says that an attempt was refused, so that no server resumed the session. */
const REFUSED = /ECONNREFUSED|^Unexpected server response: (?!502|504)/;

/** Whether and when to come back after an ending (docs/PROTOCOL.md, "Coming back"). */
export class ReconnectRules {
  #backoff;
  #now;
  /** Whether the present connection has shown that it works. */
  #proved = false;
  /** When attempts ended that may have been served all the same. @type {number[]} */
  #strays = [];

  /**
   * @param {object} options
   * @param {number} options.backoffMs the first window of the pauses
   * @param {number} options.maxBackoffMs the longest
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

  /** An attempt ended before its welcome. @param {number} code @param {string} reason */
  failed(code, reason) {
    const refused = code === ABNORMAL && REFUSED.test(reason);
    if (code !== SUPERSEDED && !refused) {
      this.#strays = [...this.#strays, this.#now()].slice(-MAX_STRAYS);
    }
  }

  /** There is reason to try at once: pauses begin anew. */
  hurry() {
    this.#backoff.reset();
  }

  /**
   * Decides on an ending that no other connection makes up for.
   *
   * @param {number} code
   * @returns {boolean} true: stay away for ever; false: come back after {@link pauseMs}
   */
  giveUp(code) {
    const byMyself = code === SUPERSEDED && this.#isByStray();
    return !byMyself && reconnectAfter(code) === 'never';
  }

  /** Each attempt takes the session away once at most. */
  #isByStray() {
    this.#strays = this.#strays.filter((endedMs) => this.#now() - endedMs < STRAY_MS);
    return this.#strays.shift() !== undefined;
  }

  /** How long to wait before the next attempt. @param {string} reason of the close */
  pauseMs(reason) {
    return this.#backoff.next(hintInReason(reason));
  }
}
