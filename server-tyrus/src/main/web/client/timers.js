/** The longest delay that setTimeout accepts: with a longer one it fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A timer that never fires at once because its delay is too long. Delays above 24 days are cut.
 *
 * @param {() => void} task
 * @param {number} ms
 */
export function startTimer(task, ms) {
  return setTimeout(task, Math.min(ms, MAX_TIMER_MS));
}
