/**
 * A message that was not counted yet.
 *
 * @typedef {object} Message
 * @property {string} text
 * @property {number} bytes of its UTF-8
 * @property {(count: number) => void} resolve
 * @property {(reason: Error) => void} reject
 * @property {boolean} sent whether it ever went out
 */

/**
 * A message and its number in the session.
 *
 * @typedef {object} Counted
 * @property {Message} message
 * @property {number} count
 */

/**
 * What was sent and what was counted. The k-th message after a welcome with count c has number
 * c + k, so messages are kept until their number comes back, and what a welcome does not count is
 * sent again, in order (docs/PROTOCOL.md, "Exactly once").
 */
export class Ledger {
  /** The first #inFlight of these are on their way. @type {Message[]} */
  #messages = [];
  #inFlight = 0;
  #known = false;

  /** The count of the session, as far as it is known. */
  count = 0;
  /** UTF-8 of all that waits. */
  bytes = 0;
  /** Messages whose number is known. */
  counted = 0;
  /** Messages that had been acknowledged, and that a later welcome did not count any more. */
  lost = 0;
  /** Counts beyond the messages that were sent here. */
  duplicated = 0;
  /** Welcomes after the first one. */
  reconnects = 0;

  /** Messages that wait for their count. */
  get waiting() {
    return this.#messages.length;
  }

  /** Those of them that went out on the present connection. */
  get inFlight() {
    return this.#inFlight;
  }

  /** @param {Message} message that the user wants counted */
  add(message) {
    this.#messages.push(message);
    this.bytes += message.bytes;
  }

  /** The next message to send, if there is one; from now on it may have been counted. */
  next() {
    const message = this.#messages[this.#inFlight];
    if (message) {
      message.sent = true;
      this.#inFlight++;
    }
    return message;
  }

  /**
   * Takes the count of a welcome: drops what it counts; the rest is to be sent again.
   *
   * @param {number} serverCount
   * @returns {Counted[]} messages that turn out to be counted
   */
  welcome(serverCount) {
    /** @type {Counted[]} */
    const counted = [];
    if (this.#known) {
      this.reconnects++;
      this.lost += Math.max(0, this.count - serverCount);
      this.count = Math.min(this.count, serverCount);
      while (this.count < serverCount && this.#inFlight > 0) {
        counted.push(this.#settle(this.count + 1));
      }
      // More than was ever sent here: something was counted twice, or by another client.
      this.duplicated += serverCount - this.count;
    }
    this.#known = true;
    this.count = serverCount;
    this.#inFlight = 0;
    return counted;
  }

  /**
   * Takes the count of a reply, which should be the number of the oldest message in flight.
   *
   * @param {number} count
   * @returns {Counted | undefined} the message that it counts
   */
  reply(count) {
    if (count <= this.count || this.#inFlight === 0) {
      this.duplicated++;
      this.count = Math.max(this.count, count);
      return undefined;
    }
    this.duplicated += count - this.count - 1;
    return this.#settle(count);
  }

  /** Gives up on all that waits. @returns {Message[]} */
  takeAll() {
    const messages = this.#messages;
    this.#messages = [];
    this.#inFlight = 0;
    this.bytes = 0;
    return messages;
  }

  /** @param {number} count */
  #settle(count) {
    const message = /** @type {Message} */ (this.#messages.shift());
    this.#inFlight--;
    this.bytes -= message.bytes;
    this.counted++;
    this.count = count;
    return { message, count };
  }
}
