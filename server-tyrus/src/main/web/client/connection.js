import { ABNORMAL, NORMAL, PROTOCOL_ERROR, TOKEN_EXPIRED } from './close-codes.js';
import { startTimer } from './timers.js';

/**
 * The part of the WebSocket API that this client uses.
 *
 * @typedef {object} WebSocketLike
 * @property {string} protocol
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close
 * @property {() => void} [terminate] only in the npm package ws: ends without a close frame
 */

/** @typedef {new (url: string, protocols: string[]) => WebSocketLike} WebSocketConstructor */

/**
 * @typedef {object} ConnectionListener
 * @property {(connection: Connection, text: string) => void} received
 * @property {(connection: Connection, code: number, reason: string) => void} ended called at most
 *     once; not after {@link Connection.abandon} or {@link Connection.close}
 */

export const SUBPROTOCOL = 'tally.v1';

/**
 * One WebSocket with the timers that detect that it is dead. A half-open connection (the server's
 * machine or the network between is gone) reports no error, so only silence shows it.
 */
export class Connection {
  /** Not there while there is no token yet. @type {WebSocketLike | undefined} */
  #socket;
  #listener;
  #over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #heartbeatMs = 0;

  /**
   * @param {WebSocketConstructor} WebSocket
   * @param {string} url
   * @param {string[] | Promise<string[]>} protocols
   * @param {{connectTimeoutMs: number, welcomeTimeoutMs: number}} timeouts
   * @param {ConnectionListener} listener
   */
  constructor(WebSocket, url, protocols, timeouts, listener) {
    this.#listener = listener;
    /** @param {string[]} offered */
    const open = (offered) => this.#open(new WebSocket(url, offered), timeouts);
    if (Array.isArray(protocols)) {
      open(protocols);
      return;
    }
    this.#endAfter(timeouts.connectTimeoutMs, 'no token in time');
    protocols
      .then((offered) => this.#over || open(offered))
      .catch((error) => this.#over || this.#end(TOKEN_EXPIRED, `no token: ${error?.message ?? error}`));
  }

  /** @param {WebSocketLike} socket @param {{connectTimeoutMs: number, welcomeTimeoutMs: number}} timeouts */
  #open(socket, timeouts) {
    this.#socket = socket;
    socket.onopen = () => {
      if (socket.protocol === SUBPROTOCOL) {
        this.#endAfter(timeouts.welcomeTimeoutMs, 'no welcome');
      } else {
        this.#end(PROTOCOL_ERROR, `the server does not speak ${SUBPROTOCOL}`);
      }
    };
    socket.onmessage = ({ data }) => {
      this.#watch();
      this.#listener.received(this, String(data));
    };
    // The close event follows. Browsers do not say what the error was; the package ws does.
    let failure = '';
    socket.onerror = ({ error }) => (failure = error?.message || error?.code || '');
    socket.onclose = ({ code, reason }) => this.#end(code, reason || failure);
    this.#endAfter(timeouts.connectTimeoutMs, 'connect timeout');
  }

  /** @param {string} text */
  send(text) {
    this.#socket?.send(text);
  }

  /**
   * From now on, silence of two heartbeats ends the connection.
   *
   * @param {number} heartbeatMs time between two heartbeats
   */
  expectHeartbeats(heartbeatMs) {
    this.#heartbeatMs = heartbeatMs;
    this.#watch();
  }

  /** Closes the connection with 1000. The listener is not called any more. */
  close() {
    this.#detach();
    this.#socket?.close(NORMAL);
  }

  /** Ends the connection as fast as the API allows. The listener is not called any more. */
  abandon() {
    this.#detach();
    if (this.#socket?.terminate) {
      this.#socket.terminate();
    } else {
      this.#socket?.close();
    }
  }

  /** Starts the time of silence again. */
  #watch() {
    const ms = this.#heartbeatMs;
    if (ms > 0) {
      clearTimeout(this.#timer);
      // Two timers in a row, not one of double length: if the process or the laptop slept, the
      // first one fires at once, and frames that arrived meanwhile are read before the second.
      this.#timer = startTimer(() => this.#endAfter(ms, 'heartbeats missed'), ms);
    }
  }

  /** Replaces the running timer. @param {number} ms @param {string} reason */
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
    this.#over = true;
    clearTimeout(this.#timer);
    if (this.#socket) {
      this.#socket.onopen = null;
      this.#socket.onmessage = null;
      this.#socket.onclose = null;
    }
  }
}
