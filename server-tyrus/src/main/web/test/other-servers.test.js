import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { connect, next } from './support/client.js';
import { until } from './support/processes.js';

describe('a client of another server', () => {
  /** @type {ReturnType<typeof connect>[]} */
  const clients = [];
  /** @type {WebSocketServer[]} */
  const others = [];

  after(() => {
    clients.forEach((client) => client.close());
    others.forEach((other) => other.close());
  });

  /** @param {string} url @param {import('./support/client.js').TallyOptions} [options] */
  function open(url, options) {
    const client = connect(url, options);
    clients.push(client);
    return client;
  }

  /** Starts a server that sends what a test says. @param {import('ws').ServerOptions} [options] */
  async function serve(options) {
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
    others.push(other);
    await once(other, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (other.address());
    return { other, url: `ws://127.0.0.1:${port}/` };
  }

  /** @param {object} [members] */
  function welcome(members) {
    const session = '123e4567-e89b-42d3-a456-426614174000';
    return JSON.stringify({ type: 'welcome', session_id: session, count: 0, ...members });
  }

  it('stays away from a server that does not speak tally.v1', async () => {
    const { url } = await serve({ handleProtocols: () => 'x' });
    // The ws client refuses what it did not ask for; a browser leaves that to its caller.
    class Lax extends WebSocket {
      /** @param {string} url */
      constructor(url) {
        super(url, ['x']);
      }
    }
    const client = open(url, { WebSocket: Lax });

    const { error } = await next(client, 'state');

    assert.equal(error.code, 'refused');
    assert.match(error.message, /does not speak tally.v1/);
  });

  it('stays with a server that does not say how often its heart beats', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => {
      socket.send(welcome());
      socket.on('message', () => socket.send('{"count": 1}'));
    });
    const client = open(url);

    const { heartbeatS } = await next(client, 'welcome');

    assert.equal(heartbeatS, 30);
    assert.equal(await client.send('one'), 1);
    assert.deepEqual(client.states, ['open']);
  });

  it('takes pushed text for nothing else, whatever members it has', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => {
      socket.send(welcome());
      for (const pushed of [
        '{"type": "chat", "bye": true, "total": 7}',
        '{"bye": true, "total": 7}',
        '{"type": "chat", "count": 7}',
        '{"type": null, "count": 7}',
        '{"count": "7"}',
        '[{"count": 7}]',
        'null',
        'no JSON',
      ]) {
        socket.send(pushed);
      }
      socket.on('message', () => socket.send('{"count": 1}'));
    });
    const client = open(url);

    assert.equal(await client.send('one'), 1);

    assert.deepEqual([client.states, client.errors], [['open'], []]);
  });

  it('moves at once when a bye has no proper hint', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => {
      socket.send(welcome());
      socket.send('{"type": "bye", "bye": true, "total": 0, "retry_after_ms": "soon"}');
    });

    const client = open(url);
    const { retryAfterMs, closeInMs } = await next(client, 'bye');
    client.close();

    assert.deepEqual([retryAfterMs, closeInMs], [0, 0]);
  });

  it('stays with a server whose heartbeat is longer than a timer', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => {
      socket.send(welcome({ heartbeat_s: 31_622_400 }));
      socket.on('message', () => socket.send('{"count": 1}'));
    });
    const client = open(url);
    await next(client, 'welcome');
    // Timers that are too long would be over by then.
    await new Promise((resolve) => setTimeout(resolve, 20));

    assert.equal(await client.send('one'), 1);
    assert.deepEqual(client.states, ['open']);
  });

  it('waits for the slot of a bye, however far away it is', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => {
      socket.send(welcome());
      socket.send('{"type": "bye", "bye": true, "total": 0, "retry_after_ms": 2147483648}');
      socket.on('message', () => socket.send('{"count": 1}'));
    });
    const client = open(url);

    const { retryAfterMs } = await next(client, 'bye');
    assert.equal(await client.send('one'), 1);

    assert.equal(retryAfterMs, 3_600_000);
    assert.deepEqual([client.states, client.totals.reconnects], [['open', 'moving'], 0]);
  });

  it('ends with the next connection only, whatever the old one closes with in a move', async () => {
    /** @type {((socket: WebSocket) => void)[]} */
    const parts = [
      (socket) => {
        socket.send(welcome());
        socket.send('{"type": "bye", "bye": true, "total": 0, "retry_after_ms": 0}');
        old = socket;
      },
      (socket) => {
        old?.close(1009);
        old?.on('close', () => socket.send(welcome()));
      },
    ];
    /** @type {WebSocket | undefined} */
    let old;
    const { other, url } = await serve();
    other.on('connection', (socket) => parts.shift()?.(socket));

    const client = open(url);
    await until(() => client.states.join() === 'open,moving,moving,connecting,open', 'it moved');
    assert.equal(client.error, undefined);
  });

  it('keeps a connection over which something came while this process slept', async () => {
    const { other, url } = await serve();
    other.on('connection', (socket) => socket.send(welcome({ heartbeat_s: 1 })));
    const client = open(url);
    await next(client, 'welcome');

    other.clients.forEach((socket) => socket.send('{"type": "heartbeat"}'));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);

    await Promise.race([next(client, 'heartbeat'), next(client, 'state')]);
    assert.equal(client.totals.reconnects, 0);
  });

  it('comes back once when an earlier attempt of its own takes the session from the next', async () => {
    /** @type {((socket: WebSocket) => void)[]} */
    const parts = [
      (socket) => socket.send(welcome(), () => socket.terminate()),
      (socket) => socket.terminate(),
      (socket) => socket.close(4001, 'superseded'),
      (socket) => socket.send(welcome(), () => socket.close(4001, 'superseded')),
    ];
    const { other, url } = await serve();
    other.on('connection', (socket) => parts.shift()?.(socket));

    const client = open(url);
    await until(() => client.state === 'closed', 'superseded twice');

    assert.equal(parts.length, 0);
  });

  it('stays away when superseded after attempts that were refused', async () => {
    const statuses = [503, 404];
    const { other, url } = await serve({
      verifyClient: (_, answer) => answer(statuses.length === 0, statuses.pop()),
    });
    other.on('connection', (socket) =>
      socket.send(welcome(), () => socket.close(4001, 'superseded')),
    );

    const client = open(url);
    await until(() => client.state === 'closed' || client.totals.reconnects > 0, 'superseded');

    assert.deepEqual([client.state, client.totals.reconnects], ['closed', 0]);
  });
});
