import { Ledger } from './ledger.js';
import { TallyError } from './tally-error.js';

/**
 * The messages that wait for their count, with their limits and their promises. The {@link Ledger}
 * decides which message a count belongs to.
 */
export class Outbox {
  #limits;
  #listener;
  #ledger = new Ledger();
  #encoder = new TextEncoder();
  #sent = 0;

  /**
   * @param {{maxWaiting: number, maxWaitingBytes: number, maxInFlight: number}} limits
   * @param {object} listener
   * @param {(count: number, text: string) => void} listener.counted called once for each counted
   *     message
   * @param {(count: number, expected: number) => void} listener.unexpected called for a count that
   *     is not the next one
   */
  constructor(limits, listener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  /** The count of the session, as far as it is known. */
  get count() {
    return this.#ledger.count;
  }

  /** Messages that wait for their count. */
  get waiting() {
    return this.#ledger.waiting;
  }

  /** Those of them that were sent on the present connection. */
  get inFlight() {
    return this.#ledger.inFlight;
  }

  /** The totals of docs/PROTOCOL.md, "Exactly once". */
  get totals() {
    const { counted, lost, duplicated, reconnects } = this.#ledger;
    return { sent: this.#sent, counted, lost, duplicated, reconnects };
  }

  /**
   * Keeps a message until it is counted. {@link next} returns it for sending.
   *
   * @param {string} text
   * @returns {Promise<number>} its number; rejected with `buffer_full` if too much is kept already
   */
  add(text) {
    const bytes = this.#encoder.encode(text).length;
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    if (this.waiting >= maxWaiting || this.#ledger.bytes + bytes > maxWaitingBytes) {
      const full = `${this.waiting} messages of ${this.#ledger.bytes} bytes wait for their count; the limits are ${maxWaiting} messages and ${maxWaitingBytes} bytes`;
      return Promise.reject(new TallyError('buffer_full', full));
    }
    this.#sent++;
    return new Promise((resolve, reject) => {
      this.#ledger.add({ text, bytes, resolve, reject, sent: false });
    });
  }

  /**
   * The next message to send on the present connection; undefined while as many are on their way
   * as may be: the server closes a connection with too many unacknowledged messages.
   *
   * @returns {string | undefined}
   */
  next() {
    return this.inFlight < this.#limits.maxInFlight ? this.#ledger.next()?.text : undefined;
  }

  /**
   * Applies the count of a welcome. {@link next} returns what it does not count again.
   *
   * @param {number} count
   * @returns {{lost: number, settle: () => void}} how many acknowledged messages the server does
   *     not count any more, and a function that resolves the promises of what it counts
   */
  welcome(count) {
    const lostBefore = this.#ledger.lost;
    const counted = this.#ledger.welcome(count);
    return {
      lost: this.#ledger.lost - lostBefore,
      settle: () => counted.forEach((each) => this.#settle(each)),
    };
  }

  /** Applies the count of a reply, and settles the message that it counts. @param {number} count */
  reply(count) {
    const expected = this.#ledger.count + 1;
    const counted = this.#ledger.reply(count);
    if (count !== expected || !counted) {
      this.#listener.unexpected(count, expected);
    }
    if (counted) {
      this.#settle(counted);
    }
  }

  /** Rejects all that waits. @param {TallyError} error */
  fail(error) {
    for (const message of this.#ledger.takeAll()) {
      message.reject(new TallyError(error.code, error.message, message.sent));
    }
  }

  /** @param {import('./ledger.js').Counted} counted */
  #settle({ message, count }) {
    message.resolve(count);
    this.#listener.counted(count, message.text);
  }
}
