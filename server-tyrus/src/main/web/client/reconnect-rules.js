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
 * An attempt that failed here may still reach the server, resume the session there, and so take it
 * away from the connection that came after it. This is how long after its end that can happen. A
 * browser does not tell why an attempt failed, so there every attempt is a possible stray one,
 * unless it ended with 4001.
 */
const STRAY_MS = 30_000;

/** Bounds how often two clients with one session can take it from each other by this rule. */
const MAX_STRAYS = 5;

/** The package ws reports this if an attempt was refused: then no server resumed the session. */
const REFUSED = /ECONNREFUSED|^Unexpected server response: (?!502|504)/;

/** Whether and when to come back after a connection ended (docs/PROTOCOL.md, "Coming back"). */
export class ReconnectRules {
  #backoff;
  #now;
  /** Whether the present connection has proved that it works. */
  #proved = false;
  /** When possible stray attempts ended. @type {number[]} */
  #strays = [];

  /**
   * @param {object} options
   * @param {number} options.backoffMs the first window of the pauses
   * @param {number} options.maxBackoffMs the longest window
   * @param {() => number} options.random returns a number from 0 to below 1
   * @param {() => number} [options.now] milliseconds of a monotonic clock
   */
  constructor({ backoffMs, maxBackoffMs, random, now = () => performance.now() }) {
    this.#backoff = new Backoff(backoffMs, maxBackoffMs, random);
    this.#now = now;
  }

  /** A connection received its welcome. */
  opened() {
    this.#proved = false;
  }

  /**
   * The connection works: it received more than the welcome. A server in trouble may still send a
   * welcome, so that alone must not end the backoff.
   */
  proved() {
    this.#proved = true;
  }

  /** The connection that had its welcome ended. @param {number} code */
  broke(code) {
    // After these two codes the server will soon do the same again, whatever it counted before.
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

  /** The next attempt is to be made at once: pauses start with the first window again. */
  hurry() {
    this.#backoff.reset();
  }

  /**
   * Decides about an end after which there is no other connection.
   *
   * @param {number} code
   * @returns {boolean} true: do not come back; false: come back after {@link pauseMs}
   */
  giveUp(code) {
    const byMyself = code === SUPERSEDED && this.#isByStray();
    return !byMyself && reconnectAfter(code) === 'never';
  }

  /** Whether a stray attempt may have superseded the connection. Each can do so once. */
  #isByStray() {
    this.#strays = this.#strays.filter((endedMs) => this.#now() - endedMs < STRAY_MS);
    return this.#strays.shift() !== undefined;
  }

  /** How long to wait before the next attempt. @param {string} reason of the close */
  pauseMs(reason) {
    return this.#backoff.next(hintInReason(reason));
  }
}
