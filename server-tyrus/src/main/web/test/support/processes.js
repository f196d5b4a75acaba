import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const jar =
  process.env.TALLY_JAR ??
  fileURLToPath(new URL('../../../../../target/tally-server.jar', import.meta.url));
export const ops = fileURLToPath(new URL('../../../../../../ops', import.meta.url));
const java = process.env.JAVA_HOME ? `${process.env.JAVA_HOME}/bin/java` : 'java';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * Waits for a condition, as long as a busy machine may need: only a failure waits to the end.
 *
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {string} what for the failure
 * @returns {Promise<NonNullable<T>>} what it was at last
 */
export async function until(condition, what, patienceMs = 120_000) {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const result = await condition();
    if (result) {
      return result;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`not within ${patienceMs} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A port that nobody listens on, and that nobody else gets from here. */
export function freePort() {
  return Number(execFileSync(join(ops, 'free-port.sh'), { encoding: 'utf8' }));
}

/** A process that ends with the test, by its pid. */
export class OwnProcess {
  output = '';

  /** @param {string} command @param {string[]} args */
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data) => (this.output += data));
    this.child.stderr?.on('data', (data) => (this.output += data));
    this.ended = once(this.child, 'exit');
  }

  /** @param {NodeJS.Signals} signal */
  async stop(signal = 'SIGKILL') {
    this.child.kill(signal);
    await this.ended;
  }
}

/** `java -jar tally-server.jar` on a free port of the loopback address. */
export class TallyServer extends OwnProcess {
  /** @param {number} port @param {string[]} flags */
  constructor(port, flags) {
    const fixed = ['--host', '127.0.0.1', '--port', `${port}`, '--admin-port', '0'];
    super(java, ['-XX:TieredStopAtLevel=1', '-Xmx128m', '-jar', jar, ...fixed, ...flags]);
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
    this.url = `ws://127.0.0.1:${port}/ws/chat/`;
  }

  /** @param {string[]} flags @param {number} [port] */
  static async start(flags = [], port) {
    const server = new TallyServer(port ?? freePort(), flags);
    await until(async () => {
      if (server.child.exitCode !== null) {
        throw new Error(`the server ended: ${server.output}`);
      }
      return fetch(`${server.origin}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    }, 'the server is ready');
    return server;
  }
}

/** `redis-server` on a free port, without files. */
export class Redis extends OwnProcess {
  /** @param {number} port */
  constructor(port) {
    super('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '']);
    this.url = `redis://127.0.0.1:${port}`;
    this.port = port;
  }

  static async start() {
    const redis = new Redis(freePort());
    await until(() => /Ready to accept/.test(redis.output), 'Redis is ready');
    return redis;
  }
}

/**
 * A TCP proxy that fails on command. Knows nothing of WebSocket: what it does to bytes, a network
 * may do.
 */
export class FaultyProxy {
  /** @type {Set<{client: import('node:net').Socket, server: import('node:net').Socket}>} */
  #pairs = new Set();
  #server = createServer((client) => this.#accept(client));
  delayMs = 0;
  refusing = false;
  /** What is on its way to the server still arrives there after the client is gone. */
  lingering = false;

  /** @param {number} target */
  static async to(target) {
    const proxy = new FaultyProxy();
    proxy.target = target;
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.port = /** @type {import('node:net').AddressInfo} */ (proxy.#server.address()).port;
    proxy.url = `ws://127.0.0.1:${proxy.port}/ws/chat/`;
    return proxy;
  }

  target = 0;
  port = 0;
  url = '';

  /** What is kept back. @type {(() => void)[] | undefined} */
  #kept;
  /** Bytes that clients have sent. */
  sentBytes = 0;
  /** Pieces that were kept back since it began. */
  held = 0;

  /** Keeps back all that comes, until {@link pass}. @returns {() => void} lets it go on its way */
  hold() {
    /** @type {(() => void)[]} */
    const kept = [];
    this.#kept = kept;
    return () => kept.forEach((goOn) => goOn());
  }

  /** Keeps back nothing more. */
  pass() {
    this.#kept = undefined;
  }

  /** Ends every connection, with whatever is on its way. */
  cut() {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** From now on the connections there are carry nothing, and stay open: half-open. */
  swallow() {
    for (const pair of this.#pairs) {
      pair.client.removeAllListeners('data').resume();
      pair.server.removeAllListeners('data').resume();
    }
  }

  close() {
    this.cut();
    this.#server.close();
  }

  /** @param {import('node:net').Socket} client */
  #accept(client) {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const server = connect(this.target, '127.0.0.1');
    const pair = { client, server };
    client.on('data', (data) => (this.sentBytes += data.length));
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      from.setNoDelay();
      from.on('data', (data) => this.#forward(to, data));
      from.on('error', () => {});
      from.on('close', () => {
        if (!this.lingering || from === server) {
          this.#pairs.delete(pair);
          to.destroy();
        }
      });
    }
  }

  /** @param {import('node:net').Socket} to @param {string | Buffer} data */
  #forward(to, data) {
    const goOn = () => to.writable && to.write(data);
    if (this.#kept) {
      this.held++;
      this.#kept.push(goOn);
    } else if (this.delayMs > 0) {
      setTimeout(goOn, this.delayMs).unref();
    } else {
      goOn();
    }
  }
}
