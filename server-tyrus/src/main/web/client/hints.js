/** A longer hint counts as so long: no timer is too long for a browser, no client away for ever. */
const LONGEST_MS = 3_600_000;

/**
 * The hint in a close frame's reason.
 *
 * @param {string} reason
 * @returns {number} milliseconds; 0 if there is no hint
 */
export function hintInReason(reason) {
  const digits = /\bretry_after_ms=([0-9]+)\b/.exec(reason)?.[1];
  return Math.min(Number(digits ?? 0), LONGEST_MS);
}

/**
 * The hint in a member of a frame.
 *
 * @param {unknown} member
 * @returns {number} milliseconds; 0 for what is no hint
 */
export function hintInFrame(member) {
  return Number.isInteger(member) ? Math.min(Math.max(0, Number(member)), LONGEST_MS) : 0;
}
