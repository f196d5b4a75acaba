import { TOKEN_EXPIRED } from './close-codes.js';
import { TallyError } from './tally-error.js';

/** What the package ws reports after HTTP status 401. A browser does not tell the status. */
const UNAUTHORIZED = /^Unexpected server response: 401/;

/** The longest and the shortest part of a token's life that is left when a client moves. */
const MAX_LEAD_MS = 60_000;
const LEAD_PART = 0.25;

/** Gets tokens (docs/PROTOCOL.md, "Tokens"), and counts those that the server refused in a row. */
export class Tokens {
  #ask;
  #maxTries;
  #random;
  #refused = 0;

  /**
   * @param {object} options
   * @param {(() => string | Promise<string>) | undefined} options.token
   * @param {number} options.maxTokenTries
   * @param {() => number} options.random
   */
  constructor({ token, maxTokenTries, random }) {
    this.#ask = token;
    this.#maxTries = maxTokenTries;
    this.#random = random;
  }

  /**
   * The subprotocols of an attempt, with a new token if there is a function that makes them.
   *
   * @param {string} subprotocol
   * @returns {string[] | Promise<string[]>} rejected if the function fails
   */
  protocols(subprotocol) {
    const ask = this.#ask;
    return ask ? this.#protocols(subprotocol, ask) : [subprotocol];
  }

  /** @param {string} subprotocol @param {() => string | Promise<string>} ask */
  async #protocols(subprotocol, ask) {
    const token = await ask();
    if (typeof token !== 'string' || token === '') {
      throw new TypeError(`a token is a string, not ${token === '' ? 'an empty one' : typeof token}`);
    }
    return [subprotocol, `bearer.${token}`];
  }

  /** A connection works, so the last token was good. */
  accepted() {
    this.#refused = 0;
  }

  /** An attempt or a connection ended. @param {number} code @param {string} reason */
  ended(code, reason) {
    if (code === TOKEN_EXPIRED || UNAUTHORIZED.test(reason)) {
      this.#refused++;
    }
  }

  /** Why there is no use in another attempt; undefined if there is. @param {string} reason */
  giveUp(reason) {
    return this.#refused >= this.#maxTries
      ? new TallyError('unauthorized', `${this.#refused} tokens in a row were refused, or there were none: ${reason}`)
      : undefined;
  }

  /**
   * When to move to a connection with a new token, in milliseconds; undefined for never. At random,
   * so that clients whose tokens expire together do not all come at once.
   *
   * @param {unknown} expiresInS from the welcome
   */
  moveInMs(expiresInS) {
    if (!this.#ask || typeof expiresInS !== 'number' || !(expiresInS >= 0)) {
      return undefined;
    }
    const lifeMs = 1000 * expiresInS;
    const leadMs = Math.min(MAX_LEAD_MS, LEAD_PART * lifeMs);
    return lifeMs - leadMs * (1 + this.#random());
  }
}
