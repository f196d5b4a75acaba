import { ABNORMAL, SUPERSEDED } from './close-codes.js';
import { Connection } from './connection.js';
import { parse } from './frames.js';
import { hintInFrame } from './hints.js';
import { Ledger } from './ledger.js';
import { complete } from './options.js';
import { ReconnectRules } from './reconnect-rules.js';
import { SessionMemory } from './session-memory.js';
import { TallyError } from './tally-error.js';
import { startTimer } from './timers.js';

export { TallyError };

/**
 * - `connecting`: no connection, an attempt is under way.
 * - `open`: messages are counted.
 * - `moving`: the server leaves; messages are counted until the next connection takes over.
 * - `waiting`: no connection, the next attempt is planned.
 * - `offline`: the same, and the browser says that there is no network.
 * - `closed`: for ever; `error` says why.
 *
 * @typedef {'connecting' | 'open' | 'moving' | 'waiting' | 'offline' | 'closed'} TallyState
 */

/** @typedef {import('./options.js').TallyOptions} TallyOptions */

/**
 * @typedef {object} TallyEvents
 * @property {CustomEvent<{state: TallyState, retryInMs?: number, code?: number, reason?: string, error?: TallyError}>} state
 * @property {CustomEvent<{sessionId: string, resumed: boolean, count: number, ttlS: number, heartbeatS: number}>} welcome
 * @property {CustomEvent<{count: number, text: string}>} count one more message is counted
 * @property {CustomEvent<{ts: string}>} heartbeat
 * @property {CustomEvent<{total: number, retryAfterMs: number, closeInMs: number}>} bye
 * @property {CustomEvent<{code: string, message: string}>} error
 * @property {CustomEvent<{direction: 'in' | 'out', text: string}>} frame what went over the wire
 */

/** Between two heartbeats, if the server does not say. */
const HEARTBEAT_S = 30;

/**
 * A client that does not lose count: it keeps what it sent until it is counted, comes back after a
 * break, resumes its session, and sends again what was not counted. A session belongs to one client
 * at a time.
 */
export class TallyClient extends EventTarget {
  #url;
  #session;
  #options;
  #rules;
  #ledger = new Ledger();
  #sent = 0;
  /** @type {TallyState} */
  #state = 'connecting';
  /** @type {TallyError | undefined} */
  #error;
  /** The connection that messages go to. @type {Connection | undefined} */
  #current;
  /** The connection that takes over once it has its welcome. @type {Connection | undefined} */
  #next;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #attempt;
  #encoder = new TextEncoder();
  #online = () => this.#connectNow();

  /**
   * Connects, and stays connected until {@link close}.
   *
   * @param {string | URL} url ws, wss, http or https; in a page it may be relative to the page
   * @param {TallyOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#url = webSocketUrl(url);
    this.#options = complete(options);
    this.#rules = new ReconnectRules(this.#options);
    this.#session = new SessionMemory(
      options.storage,
      options.storageKey ?? `tally:${this.#url}`,
      options.sessionId,
    );
    globalThis.addEventListener?.('online', this.#online);
    this.#connect();
  }

  /** What this client is about now. */
  get state() {
    return this.#state;
  }

  /** Why the client is closed; undefined while it is not. */
  get error() {
    return this.#error;
  }

  /** The session, once there was a welcome; whoever has it can take the session over. */
  get sessionId() {
    return this.#session.id;
  }

  /** The count of the session, as far as it is known. */
  get count() {
    return this.#ledger.count;
  }

  /** Messages that wait for their count. */
  get waiting() {
    return this.#ledger.waiting;
  }

  /** Those of them that are on their way. */
  get inFlight() {
    return this.#ledger.inFlight;
  }

  /** What came of everything since this object was made. */
  get totals() {
    const { counted, lost, duplicated, reconnects } = this.#ledger;
    return { sent: this.#sent, counted, lost, duplicated, reconnects };
  }

  /**
   * Sends a message. It goes out in the order of the calls, now or when there is a connection, and
   * again after a break if it was not counted.
   *
   * @param {string} text
   * @returns {Promise<number>} its number in the session; rejected with a {@link TallyError}
   */
  send(text) {
    if (typeof text !== 'string') {
      return Promise.reject(new TypeError(`a message is a string, not ${typeof text}`));
    }
    if (this.#error) {
      return Promise.reject(new TallyError(this.#error.code, this.#error.message));
    }
    const bytes = this.#encoder.encode(text).length;
    const { maxWaiting, maxWaitingBytes } = this.#options;
    if (this.waiting >= maxWaiting || this.#ledger.bytes + bytes > maxWaitingBytes) {
      const full = `${this.waiting} messages of ${this.#ledger.bytes} bytes wait for their count, and ${maxWaiting} of ${maxWaitingBytes} may`;
      return Promise.reject(new TallyError('buffer_full', full));
    }
    this.#sent++;
    return new Promise((resolve, reject) => {
      this.#ledger.add({ text, bytes, resolve, reject, sent: false });
      this.#pump();
    });
  }

  /** Drops the connection without a goodbye, as a broken network does, and comes back. */
  reconnect() {
    const connection = this.#current ?? this.#next;
    if (connection) {
      connection.abandon();
      this.#ended(connection, ABNORMAL, 'dropped by this client');
    } else {
      this.#connectNow();
    }
  }

  /**
   * Ends the client. What waits for its count is rejected.
   *
   * @param {{forget?: boolean}} [options] forget: the session is not to be resumed
   */
  close({ forget = false } = {}) {
    this.#end(new TallyError('closed', 'the client was closed'), {});
    if (forget) {
      this.#session.forget();
    }
  }

  /**
   * @template {keyof TallyEvents} K
   * @overload
   * @param {K} type
   * @param {(event: TallyEvents[K]) => void} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @overload
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @param {string} type
   * @param {any} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
  }

  #connectNow() {
    this.#rules.hurry();
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#attempt);
    if (this.#error || this.#next) {
      return;
    }
    const url = new URL(this.#url);
    if (this.#session.id !== undefined) {
      url.searchParams.set('session_id', this.#session.id);
    }
    this.#next = new Connection(this.#options.WebSocket, url.href, this.#options, {
      received: (connection, text) => this.#received(connection, text),
      ended: (connection, code, reason) => this.#ended(connection, code, reason),
    });
    this.#setState(this.#current ? 'moving' : 'connecting');
  }

  /** @param {Connection} connection @param {string} text */
  #received(connection, text) {
    this.#emit('frame', { direction: 'in', text });
    const frame = parse(text);
    if (frame.type === 'error') {
      this.#emit('error', { code: frame.code, message: frame.detail });
    } else if (connection === this.#next) {
      if (frame.type === 'welcome') {
        this.#welcomed(connection, frame);
      }
    } else if (frame.type === 'bye') {
      const retryInMs = hintInFrame(frame.retry_after_ms);
      const closeInMs = hintInFrame(frame.close_in_ms);
      this.#emit('bye', { total: frame.total, retryAfterMs: retryInMs, closeInMs });
      this.#plan(retryInMs, {});
    } else if (frame.type === 'heartbeat') {
      this.#rules.proved();
      this.#emit('heartbeat', { ts: frame.ts });
    } else if (frame.type === 'count') {
      this.#rules.proved();
      this.#replied(frame.count);
    }
  }

  /** @param {Connection} connection @param {any} frame */
  #welcomed(connection, frame) {
    clearTimeout(this.#attempt);
    this.#current?.abandon();
    this.#current = connection;
    this.#next = undefined;
    this.#rules.opened();
    const asked = this.#session.id !== undefined;
    this.#session.remember(frame.session_id);
    const lostBefore = this.#ledger.lost;
    const counted = this.#ledger.welcome(frame.count);
    const heartbeatS = Number.isFinite(frame.heartbeat_s) ? frame.heartbeat_s : HEARTBEAT_S;
    connection.expectHeartbeats(1000 * Math.max(1, heartbeatS));
    this.#setState('open');
    this.#emit('welcome', {
      sessionId: frame.session_id,
      resumed: frame.resumed,
      count: frame.count,
      ttlS: frame.ttl_s,
      heartbeatS,
    });
    const lost = this.#ledger.lost - lostBefore;
    if (lost > 0 || (asked && !frame.resumed)) {
      const message = `the server lost the session or a part of it; it counts on from ${frame.count}, ${lost} acknowledged messages are not in it`;
      this.#emit('error', { code: 'session_lost', message });
    }
    counted.forEach((each) => this.#settle(each));
    this.#pump();
  }

  /** @param {number} count */
  #replied(count) {
    const expected = this.#ledger.count + 1;
    const counted = this.#ledger.reply(count);
    if (count !== expected || !counted) {
      const message = `the server said ${count} where ${expected} was next`;
      this.#emit('error', { code: 'unexpected_count', message });
    }
    if (counted) {
      this.#settle(counted);
      this.#pump();
    }
  }

  /** @param {import('./ledger.js').Counted} counted */
  #settle({ message, count }) {
    message.resolve(count);
    this.#emit('count', { count, text: message.text });
  }

  #pump() {
    while (this.#current && this.#ledger.inFlight < this.#options.maxInFlight) {
      const message = this.#ledger.next();
      if (!message) {
        return;
      }
      this.#current.send(message.text);
      this.#emit('frame', { direction: 'out', text: message.text });
    }
  }

  /** @param {Connection} connection @param {number} code @param {string} reason */
  #ended(connection, code, reason) {
    const moving = connection === this.#current && this.#next !== undefined;
    if (connection === this.#current) {
      this.#current = undefined;
      this.#rules.broke(code);
    } else {
      this.#next = undefined;
      this.#rules.failed(code, reason);
    }
    if (moving) {
      // The welcome of the next connection decides.
      this.#setState('connecting', { code, reason });
    } else if (this.#rules.giveUp(code)) {
      this.#end(ending(code, reason), { code, reason });
    } else {
      this.#plan(this.#rules.pauseMs(reason), { code, reason });
    }
  }

  /** One attempt is planned at a time. @param {number} delayMs @param {object} why */
  #plan(delayMs, why) {
    if (this.#error) {
      return;
    }
    const offline = globalThis.navigator?.onLine === false;
    // The browser may be wrong about being offline (it cannot know of loopback), so try at times.
    const retryInMs = offline && !this.#current ? this.#options.maxBackoffMs : delayMs;
    clearTimeout(this.#attempt);
    this.#attempt = startTimer(() => this.#connect(), retryInMs);
    const state = this.#current ? 'moving' : offline ? 'offline' : 'waiting';
    this.#setState(state, { ...why, retryInMs });
  }

  /** @param {TallyError} error @param {object} why */
  #end(error, why) {
    if (this.#error) {
      return;
    }
    this.#error = error;
    clearTimeout(this.#attempt);
    globalThis.removeEventListener?.('online', this.#online);
    this.#next?.abandon();
    this.#current?.close();
    this.#next = this.#current = undefined;
    this.#setState('closed', { ...why, error });
    for (const message of this.#ledger.takeAll()) {
      message.reject(new TallyError(error.code, error.message, message.sent));
    }
  }

  /** @param {TallyState} state @param {object} [why] */
  #setState(state, why = {}) {
    this.#state = state;
    this.#emit('state', { state, ...why });
  }

  /** @param {keyof TallyEvents} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {string | URL} url */
function webSocketUrl(url) {
  const absolute = new URL(url, globalThis.document?.baseURI);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  if (!['ws:', 'wss:'].includes(absolute.protocol)) {
    throw new RangeError(`a URL with ws, wss, http or https is needed, not '${url}'`);
  }
  absolute.hash = '';
  return absolute.href;
}

/** @param {number} code @param {string} reason */
function ending(code, reason) {
  return code === SUPERSEDED
    ? new TallyError('superseded', 'another connection resumed the session')
    : new TallyError('refused', `the server closed with ${code} ${reason}`.trim());
}
