/**
 * A message that is not counted yet.
 *
 * @typedef {object} Message
 * @property {string} text
 * @property {number} bytes the size of its UTF-8
 * @property {(count: number) => void} resolve
 * @property {(reason: Error) => void} reject
 * @property {boolean} sent whether it was sent on any connection
 */

/**
 * A message and its number in the session.
 *
 * @typedef {object} Counted
 * @property {Message} message
 * @property {number} count
 */

/**
 * The account of messages and counts. The k-th message after a welcome with count c has number
 * c + k. So each message is kept until its number comes back, and messages that a welcome does not
 * count are sent again, in order (docs/PROTOCOL.md, "Exactly once").
 */
export class Ledger {
  /** Not counted yet, oldest first; the first #inFlight of them are on their way. @type {Message[]} */
  #messages = [];
  #inFlight = 0;
  #known = false;

  /** The count of the session, as far as it is known. */
  count = 0;
  /** The UTF-8 bytes of all messages that wait. */
  bytes = 0;
  /** Messages whose number is known. */
  counted = 0;
  /** Acknowledged messages that a later welcome did not count any more. */
  lost = 0;
  /** Counts beyond the messages that were sent here. */
  duplicated = 0;
  /** Welcomes after the first one. */
  reconnects = 0;

  /** Messages that wait for their count. */
  get waiting() {
    return this.#messages.length;
  }

  /** Those of them that were sent on the present connection. */
  get inFlight() {
    return this.#inFlight;
  }

  /** @param {Message} message a new message of the user */
  add(message) {
    this.#messages.push(message);
    this.bytes += message.bytes;
  }

  /** The next message to send, if there is one. From now on the server may have counted it. */
  next() {
    const message = this.#messages[this.#inFlight];
    if (message) {
      message.sent = true;
      this.#inFlight++;
    }
    return message;
  }

  /**
   * Applies the count of a welcome: removes the messages that it counts; {@link next} returns the
   * others again.
   *
   * @param {number} serverCount
   * @returns {Counted[]} the messages that it counts
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
      // The server counts more than this client sent: a message was counted twice, or another
      // client uses the session.
      this.duplicated += serverCount - this.count;
    }
    this.#known = true;
    this.count = serverCount;
    this.#inFlight = 0;
    return counted;
  }

  /**
   * Applies the count of a reply. It should be the number of the oldest message in flight.
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

  /** Removes and returns all messages that wait. @returns {Message[]} */
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
