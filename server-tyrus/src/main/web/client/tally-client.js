import { ABNORMAL } from './close-codes.js';
import { Connection, SUBPROTOCOL } from './connection.js';
import { emit, TallyEventTarget } from './events.js';
import { parse } from './frames.js';
import { hintInFrame } from './hints.js';
import { complete, webSocketUrl } from './options.js';
import { Outbox } from './outbox.js';
import { ReconnectRules } from './reconnect-rules.js';
import { SessionMemory } from './session-memory.js';
import { TallyError } from './tally-error.js';
import { startTimer } from './timers.js';
import { Tokens } from './tokens.js';

export { TallyError };

/** @typedef {import('./events.js').TallyState} TallyState */
/** @typedef {import('./events.js').TallyEvents} TallyEvents */
/** @typedef {import('./options.js').TallyOptions} TallyOptions */

/** Seconds between two heartbeats, if the welcome does not say. */
const HEARTBEAT_S = 30;

/**
 * A client that does not lose count: it keeps each message until it is counted, reconnects after a
 * break, resumes its session, and sends again what was not counted. A session belongs to one client
 * at a time.
 *
 * There are up to two connections: messages go to the current one. The next one replaces it when its
 * welcome arrives, so that a session moves to another server without a pause.
 */
export class TallyClient extends TallyEventTarget {
  #url;
  #session;
  #options;
  #rules;
  #tokens;
  #outbox;
  /** @type {TallyState} */
  #state = 'connecting';
  /** @type {TallyError | undefined} */
  #error;
  /** The connection that has its welcome. @type {Connection | undefined} */
  #current;
  /** The connection that waits for its welcome. @type {Connection | undefined} */
  #next;
  /** The timer of the next attempt. @type {ReturnType<typeof setTimeout> | undefined} */
  #attempt;
  /** The timer of the move to a new token. @type {ReturnType<typeof setTimeout> | undefined} */
  #renewal;
  #online = () => this.#connectNow();

  /**
   * Connects, and reconnects after breaks until {@link close}.
   *
   * @param {string | URL} url ws, wss, http or https; in a page it may be relative to the page
   * @param {TallyOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#url = webSocketUrl(url);
    this.#options = complete(options);
    this.#rules = new ReconnectRules(this.#options);
    this.#tokens = new Tokens(this.#options);
    this.#outbox = new Outbox(this.#options, {
      counted: (count, text) => emit(this, 'count', { count, text }),
      unexpected: (count, expected) => {
        const message = `the server said ${count} where ${expected} was next`;
        emit(this, 'error', { code: 'unexpected_count', message });
      },
    });
    this.#session = new SessionMemory(
      options.storage,
      options.storageKey ?? `tally:${this.#url}`,
      options.sessionId,
    );
    globalThis.addEventListener?.('online', this.#online);
    this.#connect();
  }

  /** What this client is doing. */
  get state() {
    return this.#state;
  }

  /** Why the client is closed; undefined while it is not. */
  get error() {
    return this.#error;
  }

  /** The session, once there was a welcome. It is a secret: who knows it can take the session over. */
  get sessionId() {
    return this.#session.id;
  }

  /** The count of the session, as far as it is known. */
  get count() {
    return this.#outbox.count;
  }

  /** Messages that wait for their count. */
  get waiting() {
    return this.#outbox.waiting;
  }

  /** Those of them that were sent on the present connection. */
  get inFlight() {
    return this.#outbox.inFlight;
  }

  /** The totals since this object was made; docs/PROTOCOL.md, "Exactly once", defines them. */
  get totals() {
    return this.#outbox.totals;
  }

  /**
   * Sends a message: now, or once there is a connection, and again after a break if it was not
   * counted. Messages are sent in the order of the calls.
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
    const counted = this.#outbox.add(text);
    this.#pump();
    return counted;
  }

  /** Drops the connection without a close frame, as a broken network does, and reconnects. */
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

  /** For reasons to hope: the user or the browser says that the network is back. */
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
    const protocols = this.#tokens.protocols(SUBPROTOCOL);
    this.#next = new Connection(this.#options.WebSocket, url.href, protocols, this.#options, {
      received: (connection, text) => this.#received(connection, text),
      ended: (connection, code, reason) => this.#ended(connection, code, reason),
    });
    this.#setState(this.#current ? 'moving' : 'connecting');
  }

  /** @param {Connection} connection @param {string} text */
  #received(connection, text) {
    emit(this, 'frame', { direction: 'in', text });
    const frame = parse(text);
    if (frame.type === 'error') {
      emit(this, 'error', { code: frame.code, message: frame.detail });
    } else if (connection === this.#next) {
      if (frame.type === 'welcome') {
        this.#welcomed(connection, frame);
      }
    } else if (frame.type === 'bye') {
      const retryInMs = hintInFrame(frame.retry_after_ms);
      const closeInMs = hintInFrame(frame.close_in_ms);
      emit(this, 'bye', { total: frame.total, retryAfterMs: retryInMs, closeInMs });
      this.#plan(retryInMs, {});
    } else if (frame.type === 'heartbeat') {
      this.#proved();
      emit(this, 'heartbeat', { ts: frame.ts });
    } else if (frame.type === 'count') {
      this.#proved();
      this.#outbox.reply(frame.count);
      this.#pump();
    }
  }

  /** @param {Connection} connection @param {any} frame */
  #welcomed(connection, frame) {
    clearTimeout(this.#attempt);
    this.#current?.abandon();
    this.#current = connection;
    this.#next = undefined;
    this.#rules.opened();
    this.#renew(frame.expires_in_s);
    const asked = this.#session.id !== undefined;
    this.#session.remember(frame.session_id);
    const { lost, settle } = this.#outbox.welcome(frame.count);
    const heartbeatS = Number.isFinite(frame.heartbeat_s) ? frame.heartbeat_s : HEARTBEAT_S;
    connection.expectHeartbeats(1000 * Math.max(1, heartbeatS));
    this.#setState('open');
    emit(this, 'welcome', {
      sessionId: frame.session_id,
      resumed: frame.resumed,
      count: frame.count,
      ttlS: frame.ttl_s,
      heartbeatS,
      expiresInS: frame.expires_in_s,
    });
    if (lost > 0 || (asked && !frame.resumed)) {
      const message = `the server lost the session or a part of it; it counts on from ${frame.count}, ${lost} acknowledged messages are not in it`;
      emit(this, 'error', { code: 'session_lost', message });
    }
    settle();
    this.#pump();
  }

  /** The connection works. */
  #proved() {
    this.#rules.proved();
    this.#tokens.accepted();
  }

  /** Moves to a connection with a new token before this one's expires. @param {unknown} expiresInS */
  #renew(expiresInS) {
    clearTimeout(this.#renewal);
    const inMs = this.#tokens.moveInMs(expiresInS);
    if (inMs !== undefined) {
      this.#renewal = startTimer(() => this.#connect(), inMs);
    }
  }

  #pump() {
    // A listener may end the connection or the client in the middle of this.
    for (let text; this.#current && (text = this.#outbox.next()) !== undefined; ) {
      this.#current.send(text);
      emit(this, 'frame', { direction: 'out', text });
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
    this.#tokens.ended(code, reason);
    const unauthorized = this.#current ? undefined : this.#tokens.giveUp(reason);
    if (moving) {
      // The next connection is on its way: its welcome or its end decides what happens.
      this.#setState('connecting', { code, reason });
    } else if (unauthorized) {
      this.#end(unauthorized, { code, reason });
    } else if (this.#rules.giveUp(code)) {
      this.#end(TallyError.afterClose(code, reason), { code, reason });
    } else {
      this.#plan(this.#rules.pauseMs(reason), { code, reason });
    }
  }

  /** Plans the next attempt, in place of one that was planned. @param {number} delayMs @param {object} why */
  #plan(delayMs, why) {
    if (this.#error) {
      return;
    }
    const offline = globalThis.navigator?.onLine === false;
    // Browsers can be wrong about being offline: they do not count loopback, for example. So the
    // client tries now and then, and not only when the browser reports that it is online.
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
    clearTimeout(this.#renewal);
    globalThis.removeEventListener?.('online', this.#online);
    this.#next?.abandon();
    this.#current?.close();
    this.#next = this.#current = undefined;
    this.#setState('closed', { ...why, error });
    this.#outbox.fail(error);
  }

  /** @param {TallyState} state @param {object} [why] */
  #setState(state, why = {}) {
    this.#state = state;
    emit(this, 'state', { state, ...why });
  }
}
