import { MAX_TIMER_MS } from './timers.js';

/**
 * @typedef {object} TallyOptions
 * @property {string} [sessionId] the session to resume; by default the stored one
 * @property {import('./session-memory.js').SessionStorageLike | null} [storage] where the session
 *     id is kept; by default sessionStorage in a browser; null, or no browser: in this object only
 * @property {string} [storageKey] the key in the storage; by default `tally:` and the URL
 * @property {() => string | Promise<string>} [token] gives a token for each attempt; what it throws
 *     counts as a refused token
 * @property {number} [maxTokenTries] how many tokens in a row may be refused before the client ends
 *     with `unauthorized`; 5 by default
 * @property {number} [maxWaiting] maximum number of messages that wait for their count; 10000 by
 *     default
 * @property {number} [maxWaitingBytes] maximum size of their UTF-8; 4 MiB by default
 * @property {number} [maxInFlight] maximum number of them that are on their way; 256 by default
 * @property {number} [connectTimeoutMs] timeout of the handshake; 5000 by default
 * @property {number} [welcomeTimeoutMs] timeout of the welcome after the handshake; 15000 by default
 * @property {number} [backoffMs] the first window of the random pauses between attempts; 100 by
 *     default
 * @property {number} [maxBackoffMs] the longest window; 10000 by default
 * @property {() => number} [random] makes the pauses random; Math.random by default
 * @property {import('./connection.js').WebSocketConstructor} [WebSocket] the class for connections;
 *     by default the global one
 */

/** With this window 5,000 clients come back at 500 a second, as fast as a drain closes them. */
const MAX_BACKOFF_MS = 10_000;

/**
 * The options with the defaults for those that are missing.
 *
 * @param {TallyOptions} options
 * @throws {RangeError} if a number is out of its range
 * @throws {TypeError} if there is no WebSocket
 */
export function complete(options) {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (!WebSocket) {
    throw new TypeError('there is no global WebSocket: pass a class as options.WebSocket (in Node.js 20 that of the package ws)');
  }
  if (options.token !== undefined && typeof options.token !== 'function') {
    throw new TypeError(`token is a function that returns one, not ${typeof options.token}`);
  }
  /** @param {'connectTimeoutMs' | 'welcomeTimeoutMs' | 'backoffMs' | 'maxBackoffMs'} name @param {number} otherwise */
  const millis = (name, otherwise) => within(name, options[name] ?? otherwise, 0, MAX_TIMER_MS);
  /** @param {'maxWaiting' | 'maxWaitingBytes' | 'maxInFlight' | 'maxTokenTries'} name @param {number} otherwise */
  const most = (name, otherwise) => within(name, options[name] ?? otherwise, 1, Infinity);
  return {
    maxWaiting: most('maxWaiting', 10_000),
    maxWaitingBytes: most('maxWaitingBytes', 4 * 1024 * 1024),
    maxInFlight: most('maxInFlight', 256),
    connectTimeoutMs: millis('connectTimeoutMs', 5_000),
    welcomeTimeoutMs: millis('welcomeTimeoutMs', 15_000),
    backoffMs: millis('backoffMs', 100),
    maxBackoffMs: millis('maxBackoffMs', MAX_BACKOFF_MS),
    token: options.token,
    maxTokenTries: most('maxTokenTries', 5),
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

/**
 * The URL of a server for a WebSocket.
 *
 * @param {string | URL} url ws, wss, http or https; in a page also relative to the page
 * @throws {RangeError} if it has another scheme
 */
export function webSocketUrl(url) {
  const absolute = new URL(url, globalThis.document?.baseURI);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  if (!['ws:', 'wss:'].includes(absolute.protocol)) {
    throw new RangeError(`a URL with ws, wss, http or https is needed, not '${url}'`);
  }
  absolute.hash = '';
  return absolute.href;
}
