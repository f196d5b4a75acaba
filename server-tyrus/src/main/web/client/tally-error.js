import { SUPERSEDED } from './close-codes.js';

/**
 * Why a message or a client failed:
 *
 * - `buffer_full`: too many messages wait for their count; this one was not accepted.
 * - `closed`: {@link TallyClient.close} was called.
 * - `superseded`: another connection resumed the session (4001).
 * - `refused`: the server closed with a code after which a client must not come back, or does not
 *   support `tally.v1`.
 * - `unauthorized`: several tokens in a row were refused, or `token()` failed.
 *
 * @typedef {'buffer_full' | 'closed' | 'superseded' | 'refused' | 'unauthorized'} TallyErrorCode
 */

/** The reason for which a promise of a message is rejected, or a client ends. */
export class TallyError extends Error {
  /**
   * @param {TallyErrorCode} code
   * @param {string} message
   * @param {boolean} [maybeCounted]
   */
  constructor(code, message, maybeCounted = false) {
    super(message);
    this.name = 'TallyError';
    /** For programs; the message is for people. @readonly */
    this.code = code;
    /**
     * Whether the message was sent, so that the server may have counted it. If false, the server
     * has not counted it.
     *
     * @readonly
     */
    this.maybeCounted = maybeCounted;
  }

  /** The error of a client that a close ends. @param {number} code @param {string} reason */
  static afterClose(code, reason) {
    return code === SUPERSEDED
      ? new TallyError('superseded', 'another connection resumed the session')
      : new TallyError('refused', `the server closed with ${code} ${reason}`.trim());
  }
}
