/** @typedef {import('./tally-error.js').TallyError} TallyError */

/**
 * What a client is doing:
 *
 * - `connecting`: there is no connection; an attempt is under way.
 * - `open`: messages are counted.
 * - `moving`: the server is about to close; messages are counted until the next connection is open.
 * - `waiting`: there is no connection; the next attempt is planned.
 * - `offline`: as `waiting`, and the browser says that there is no network.
 * - `closed`: ended for good; `error` says why.
 *
 * @typedef {'connecting' | 'open' | 'moving' | 'waiting' | 'offline' | 'closed'} TallyState
 */

/**
 * @typedef {object} TallyEvents
 * @property {CustomEvent<{state: TallyState, retryInMs?: number, code?: number, reason?: string, error?: TallyError}>} state
 * @property {CustomEvent<{sessionId: string, resumed: boolean, count: number, ttlS: number, heartbeatS: number, expiresInS?: number}>} welcome
 * @property {CustomEvent<{count: number, text: string}>} count one more message is counted
 * @property {CustomEvent<{ts: string}>} heartbeat
 * @property {CustomEvent<{total: number, retryAfterMs: number, closeInMs: number}>} bye
 * @property {CustomEvent<{code: string, message: string}>} error
 * @property {CustomEvent<{direction: 'in' | 'out', text: string}>} frame text that was received or sent
 */

/** An EventTarget that knows the types of its events. */
export class TallyEventTarget extends EventTarget {
  /**
   * @template {keyof TallyEvents} K
   * @overload
   * @param {K} type
   * @param {(event: TallyEvents[K]) => void} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @overload
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @param {string} type
   * @param {any} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
  }
}

/**
 * Dispatches an event. A function and not a method: users of a client must not send its events.
 *
 * @param {TallyEventTarget} target
 * @param {keyof TallyEvents} type
 * @param {object} detail
 */
export function emit(target, type, detail) {
  target.dispatchEvent(new CustomEvent(type, { detail }));
}
