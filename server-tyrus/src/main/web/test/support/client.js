import WebSocket from 'ws';
import { TallyClient } from '../../client/tally-client.js';

/** @typedef {import('../../client/tally-client.js').TallyOptions} TallyOptions */

/**
 * A client for tests: impatient, and it writes down what happened.
 *
 * @param {string} url
 * @param {TallyOptions} options
 */
export function connect(url, options = {}) {
  const client = new TallyClient(url, { WebSocket, backoffMs: 10, maxBackoffMs: 100, ...options });
  /** @type {string[]} */
  const states = [];
  /** @type {string[]} */
  const errors = [];
  client.addEventListener('state', ({ detail }) => states.push(detail.state));
  client.addEventListener('error', ({ detail }) => errors.push(detail.code));
  return Object.assign(client, { states, errors });
}

/** @param {EventTarget} target @param {string} type @returns {Promise<any>} the event's detail */
export function next(target, type) {
  return new Promise((resolve) =>
    target.addEventListener(type, (event) => resolve(/** @type {CustomEvent} */ (event).detail), {
      once: true,
    }),
  );
}

/** A storage like the browser's. */
export function memoryStorage() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    items,
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void items.set(key, value),
    removeItem: (/** @type {string} */ key) => void items.delete(key),
  };
}

/** Numbers that look random and are the same each time (mulberry32). @param {number} seed */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
