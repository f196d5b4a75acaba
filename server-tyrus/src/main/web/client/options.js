import { MAX_TIMER_MS } from './timers.js';

/**
 * @typedef {object} TallyOptions
 * @property {string} [sessionId] resume this session, whatever is stored
 * @property {import('./session-memory.js').SessionStorageLike | null} [storage] where the session
 *     id is kept; by default sessionStorage in a browser, else (and with null) only in this object
 * @property {string} [storageKey] by default `tally:` and the URL
 * @property {number} [maxWaiting] messages that may wait for their count; 10000 by default
 * @property {number} [maxWaitingBytes] their UTF-8; 4 MiB by default
 * @property {number} [maxInFlight] those of them that may be on their way; 256 by default
 * @property {number} [connectTimeoutMs] for the handshake; 5000 by default
 * @property {number} [welcomeTimeoutMs] from then to the welcome; 15000 by default
 * @property {number} [backoffMs] first window that a pause between two attempts is drawn from; 100
 *     by default
 * @property {number} [maxBackoffMs] the longest window; 10000 by default
 * @property {() => number} [random] for the jitter; Math.random by default
 * @property {import('./connection.js').WebSocketConstructor} [WebSocket] by default the global one
 */

/** The longest window: 5,000 clients then come back at 500 a second, the pace of a drain. */
const MAX_BACKOFF_MS = 10_000;

/**
 * The options, with defaults for those that are not given.
 *
 * @param {TallyOptions} options
 * @throws {RangeError} if a number cannot work
 * @throws {TypeError} if there is no WebSocket
 */
export function complete(options) {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (!WebSocket) {
    throw new TypeError('there is no global WebSocket here: give one in options.WebSocket');
  }
  /** @param {'connectTimeoutMs' | 'welcomeTimeoutMs' | 'backoffMs' | 'maxBackoffMs'} name @param {number} otherwise */
  const millis = (name, otherwise) => within(name, options[name] ?? otherwise, 0, MAX_TIMER_MS);
  /** @param {'maxWaiting' | 'maxWaitingBytes' | 'maxInFlight'} name @param {number} otherwise */
  const most = (name, otherwise) => within(name, options[name] ?? otherwise, 1, Infinity);
  return {
    maxWaiting: most('maxWaiting', 10_000),
    maxWaitingBytes: most('maxWaitingBytes', 4 * 1024 * 1024),
    maxInFlight: most('maxInFlight', 256),
    connectTimeoutMs: millis('connectTimeoutMs', 5_000),
    welcomeTimeoutMs: millis('welcomeTimeoutMs', 15_000),
    backoffMs: millis('backoffMs', 100),
    maxBackoffMs: millis('maxBackoffMs', MAX_BACKOFF_MS),
    random: options.random ?? Math.random,
    WebSocket,
  };
}

/** @param {string} name @param {number} value @param {number} from @param {number} to */
function within(name, value, from, to) {
  if (typeof value !== 'number' || !(value >= from && value <= to)) {
    const rule = to === Infinity ? `${from} or more` : `a number from ${from} to ${to}`;
    throw new RangeError(`${name} is ${rule}, not '${value}'`);
  }
  return value;
}
