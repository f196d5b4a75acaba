/**
 * A frame of the server's. Later versions may say what this client does not know, and a server that
 * embeds Tally may push text of its own: both are `unknown`.
 *
 * @param {string} text
 * @returns {any} an object with a `type`; `count` for a reply, which has none on the wire
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
