/** The longest delay that setTimeout takes: it calls back at once after a longer one. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A timer that does not fire early, however long the delay.
 *
 * @param {() => void} task
 * @param {number} ms
 */
export function startTimer(task, ms) {
  return setTimeout(task, Math.min(ms, MAX_TIMER_MS));
}
