/** Longer hints are cut to this: a wrong one must not keep a client away for days. */
const LONGEST_MS = 3_600_000;

/**
 * The hint in the reason of a close frame.
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
 * @returns {number} milliseconds; 0 if the member is not a valid hint
 */
export function hintInFrame(member) {
  return Number.isInteger(member) ? Math.min(Math.max(0, Number(member)), LONGEST_MS) : 0;
}
