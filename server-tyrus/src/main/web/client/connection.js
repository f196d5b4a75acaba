import { ABNORMAL, NORMAL, PROTOCOL_ERROR } from './close-codes.js';
import { startTimer } from './timers.js';

/**
 * The part of the WebSocket API that is used.
 *
 * @typedef {object} WebSocketLike
 * @property {string} protocol
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close
 * @property {() => void} [terminate] of the npm package ws: ends without a handshake
 */

/** @typedef {new (url: string, protocols: string[]) => WebSocketLike} WebSocketConstructor */

/**
 * @typedef {object} ConnectionListener
 * @property {(connection: Connection, text: string) => void} received
 * @property {(connection: Connection, code: number, reason: string) => void} ended called at most
 *     once, and not after {@link Connection.abandon}
 */

const SUBPROTOCOL = 'tally.v1';

/** One WebSocket, and the timers that tell when it is dead. */
export class Connection {
  #socket;
  #listener;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #heartbeatMs = 0;

  /**
   * @param {WebSocketConstructor} WebSocket
   * @param {string} url
   * @param {{connectTimeoutMs: number, welcomeTimeoutMs: number}} timeouts
   * @param {ConnectionListener} listener
   */
  constructor(WebSocket, url, timeouts, listener) {
    this.#listener = listener;
    this.#socket = new WebSocket(url, [SUBPROTOCOL]);
    this.#socket.onopen = () => {
      if (this.#socket.protocol === SUBPROTOCOL) {
        this.#endAfter(timeouts.welcomeTimeoutMs, 'no welcome');
      } else {
        this.#end(PROTOCOL_ERROR, `the server does not speak ${SUBPROTOCOL}`);
      }
    };
    this.#socket.onmessage = ({ data }) => {
      this.#watch();
      listener.received(this, String(data));
    };
    // An error is always followed by a close. Only the package ws says what it was.
    let failure = '';
    this.#socket.onerror = ({ error }) => (failure = error?.message || error?.code || '');
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason || failure);
    this.#endAfter(timeouts.connectTimeoutMs, 'connect timeout');
  }

  /** @param {string} text */
  send(text) {
    this.#socket.send(text);
  }

  /**
   * From now on silence means that the connection is half-open.
   *
   * @param {number} heartbeatMs time between two heartbeats
   */
  expectHeartbeats(heartbeatMs) {
    this.#heartbeatMs = heartbeatMs;
    this.#watch();
  }

  /** Ends it in good order, and hears no more from it. */
  close() {
    this.#detach();
    this.#socket.close(NORMAL);
  }

  /** Ends it as fast as the API allows, and hears no more from it. */
  abandon() {
    this.#detach();
    if (this.#socket.terminate) {
      this.#socket.terminate();
    } else {
      this.#socket.close();
    }
  }

  /** Two heartbeats of silence are too many. */
  #watch() {
    const ms = this.#heartbeatMs;
    if (ms > 0) {
      clearTimeout(this.#timer);
      // One timer for each of them: what came while the process slept is read before the second.
      this.#timer = startTimer(() => this.#endAfter(ms, 'heartbeats missed'), ms);
    }
  }

  /** @param {number} ms @param {string} reason */
  #endAfter(ms, reason) {
    clearTimeout(this.#timer);
    this.#timer = startTimer(() => this.#end(ABNORMAL, reason), ms);
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    this.abandon();
    this.#listener.ended(this, code, reason);
  }

  #detach() {
    clearTimeout(this.#timer);
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
  }
}
