/**
 * Why a message or a client failed:
 *
 * - `buffer_full`: too much waits for its count already; the message was not taken.
 * - `closed`: {@link TallyClient.close} was called.
 * - `superseded`: another connection resumed the session (4001).
 * - `refused`: the server closed with a code after which a client stays away, or does not speak
 *   `tally.v1`.
 *
 * @typedef {'buffer_full' | 'closed' | 'superseded' | 'refused'} TallyErrorCode
 */

/** What rejects the promise of a message, or ends a client. */
export class TallyError extends Error {
  /**
   * @param {TallyErrorCode} code
   * @param {string} message
   * @param {boolean} [maybeCounted]
   */
  constructor(code, message, maybeCounted = false) {
    super(message);
    this.name = 'TallyError';
    /** @readonly for programs */
    this.code = code;
    /**
     * Whether the message had gone out, so that the server may have counted it. If false, it
     * certainly was not counted.
     *
     * @readonly
     */
    this.maybeCounted = maybeCounted;
  }
}
