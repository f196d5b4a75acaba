/**
 * Reads a frame from the server. Later versions may send frames that this client does not know, and
 * a server that embeds Tally may push its own text: both are `unknown`. So are frames with a count
 * that is not a number: it must not get into the ledger.
 *
 * @param {string} text
 * @returns {any} an object with a `type`; for a reply, which has no type on the wire, it is `count`
 */
export function parse(text) {
  const frame = object(text);
  switch (frame.type) {
    case undefined:
      return isCount(frame.count) ? { type: 'count', count: frame.count } : UNKNOWN;
    case 'welcome':
      return isCount(frame.count) && typeof frame.session_id === 'string' ? frame : UNKNOWN;
    case 'bye':
    case 'error':
    case 'heartbeat':
      return frame;
    default:
      return UNKNOWN;
  }
}

const UNKNOWN = { type: 'unknown' };

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** @param {string} text */
function object(text) {
  try {
    return JSON.parse(text) ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
