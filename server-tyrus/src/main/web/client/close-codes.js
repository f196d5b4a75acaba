/** @typedef {'never' | 'after-hint' | 'with-backoff' | 'with-new-token'} Reconnect */

/**
 * Whether to come back after a close: the table of docs/PROTOCOL.md, with the codes that an API
 * reports if there was no close frame (1006) or one without a code (1005).
 *
 * @type {ReadonlyMap<number, Reconnect>}
 */
export const CLOSE_CODES = new Map([
  [1000, 'never'],
  [1001, 'after-hint'],
  [1002, 'never'],
  [1003, 'never'],
  [1005, 'with-backoff'],
  [1006, 'with-backoff'],
  [1007, 'never'],
  [1008, 'with-backoff'],
  [1009, 'never'],
  [1011, 'with-backoff'],
  [1013, 'after-hint'],
  [4001, 'never'],
  [4401, 'with-new-token'],
  [4403, 'never'],
]);

export const NORMAL = 1000;
export const PROTOCOL_ERROR = 1002;
export const ABNORMAL = 1006;
export const RATE_LIMIT = 1008;
export const INTERNAL_ERROR = 1011;
export const SUPERSEDED = 4001;
export const TOKEN_EXPIRED = 4401;

/**
 * @param {number} code
 * @returns {Reconnect} for codes that Tally does not send, as for a broken connection
 */
export function reconnectAfter(code) {
  return CLOSE_CODES.get(code) ?? 'with-backoff';
}
