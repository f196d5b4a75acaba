import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { connect, memoryStorage, next } from './support/client.js';
import { FaultyProxy, TallyServer, until } from './support/processes.js';

describe('the client', () => {
  /** @type {TallyServer} */
  let server;
  /** Its clients soon take silence for a dead connection. @type {TallyServer} */
  let impatient;
  /** @type {FaultyProxy} */
  let proxy;
  /** @type {ReturnType<typeof connect>[]} */
  const clients = [];
  /** @type {WebSocketServer[]} */
  const others = [];

  before(async () => {
    [server, impatient] = await Promise.all([
      TallyServer.start(),
      TallyServer.start(['--heartbeat', '1s']),
    ]);
    proxy = await FaultyProxy.to(server.port);
  });
  after(async () => {
    clients.forEach((client) => client.close());
    others.forEach((other) => other.close());
    proxy.close();
    await Promise.all([server.stop(), impatient.stop()]);
  });

  /** @param {string} url @param {import('./support/client.js').TallyOptions} [options] */
  function open(url, options) {
    const client = connect(url, options);
    clients.push(client);
    return client;
  }

  /** Another server than Tally's. @param {import('ws').ServerOptions} [options] */
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

  it('resolves each message with its number, in order', async () => {
    const client = open(server.url);

    const counts = await Promise.all(['one', '', 'drei 🧮'].map((text) => client.send(text)));

    assert.deepEqual(counts, [1, 2, 3]);
    assert.equal(client.state, 'open');
    assert.deepEqual(client.states, ['open']);
    assert.deepEqual(client.totals, { sent: 3, counted: 3, lost: 0, duplicated: 0, reconnects: 0 });
  });

  it('takes an http URL and adds nothing to its query but the session', async () => {
    const client = open(`${server.origin}/ws/chat/?tenant=7`);

    assert.equal(await client.send('one'), 1);
  });

  it('tells of the welcome, heartbeats and frames', async () => {
    const client = open(impatient.url);
    /** @type {string[]} */
    const frames = [];
    client.addEventListener('frame', ({ detail }) => frames.push(detail.direction + detail.text));

    const welcome = await next(client, 'welcome');
    await client.send('one');
    const heartbeat = await next(client, 'heartbeat');

    assert.equal(welcome.sessionId, client.sessionId);
    assert.deepEqual(
      [welcome.resumed, welcome.count, welcome.ttlS, welcome.heartbeatS],
      [false, 0, 3600, 1],
    );
    assert.ok(Date.parse(heartbeat.ts));
    assert.ok(frames.includes('outone') && frames.includes('in{"count": 1}'));
  });

  it('resumes the stored session', async () => {
    const storage = memoryStorage();
    const first = open(server.url, { storage });
    await first.send('one');
    first.close();

    const second = open(server.url, { storage });

    assert.equal(await second.send('two'), 2);
    assert.equal(second.sessionId, first.sessionId);
  });

  it('begins anew after close with forget', async () => {
    const storage = memoryStorage();
    const first = open(server.url, { storage });
    await first.send('one');
    first.close({ forget: true });

    assert.equal(storage.items.size, 0);
    assert.equal(await open(server.url, { storage }).send('one'), 1);
  });

  it('goes on without a storage that throws, and ignores what is no session id', async () => {
    const broken = memoryStorage();
    broken.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    broken.items.set('key', 'nonsense');
    const client = open(proxy.url, { storage: broken, storageKey: 'key' });
    await client.send('one');

    proxy.cut();

    assert.equal(await client.send('two'), 2);
  });

  it('says when the session it asked for is gone', async () => {
    const client = open(server.url, { sessionId: '123e4567-e89b-42d3-a456-426614174000' });

    assert.equal(await client.send('one'), 1);
    assert.deepEqual(client.errors, ['session_lost']);
  });

  it('is superseded for good, and tells what may have been counted', async () => {
    const loser = open(server.url);
    await loser.send('one');
    const ended = next(loser, 'state');

    const winner = open(server.url, { sessionId: loser.sessionId });
    const { state, code, error } = await ended;

    assert.deepEqual([state, code, error.code], ['closed', 4001, 'superseded']);
    await assert.rejects(loser.send('late'), { code: 'superseded', maybeCounted: false });
    assert.equal(await winner.send('two'), 2);
  });

  it('rejects what waits when it is closed', async () => {
    proxy.delayMs = 100;
    const client = open(proxy.url);
    await next(client, 'welcome');
    const sent = client.send('on its way');
    client.close();
    proxy.delayMs = 0;

    await assert.rejects(sent, { code: 'closed', maybeCounted: true });
    assert.equal(client.state, 'closed');
  });

  it('can be closed from any of its events', async () => {
    for (const type of /** @type {const} */ (['state', 'welcome', 'frame', 'count'])) {
      const client = open(server.url);
      client.addEventListener(type, () => client.close(), { once: true });

      const failure = client.send('one').then(() => client.send('two'));

      await assert.rejects(failure, { code: 'closed' }, type);
      assert.deepEqual([client.state, client.waiting], ['closed', 0]);
    }
  });

  it('rejects past its bounds, and takes messages again once there is room', async () => {
    const client = open(server.url, { maxWaiting: 2, maxWaitingBytes: 8 });
    const first = client.send('a');

    await assert.rejects(client.send('ééééé'), /1 messages of 1 bytes wait .* limits are 2 messages and 8 bytes/);
    const second = client.send('b');
    await assert.rejects(client.send('c'), { code: 'buffer_full', maybeCounted: false });

    assert.deepEqual(await Promise.all([first, second]), [1, 2]);
    assert.equal(await client.send('d'), 3);
  });

  it('rejects what is no text', async () => {
    // @ts-expect-error: the compiler says so too
    await assert.rejects(open(server.url).send(7), TypeError);
  });

  it('stays away after a message that is too big', async () => {
    const client = open(server.url);

    await assert.rejects(client.send('x'.repeat(70_000)), { code: 'refused', maybeCounted: true });
    assert.equal(client.state, 'closed');
  });

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

  it('refuses options that cannot work', () => {
    assert.throws(() => open('ftp://host/'), /ws, wss, http or https is needed, not 'ftp:/);
    assert.throws(() => open(server.url, { sessionId: '7' }), /a session id is a UUID, not '7'/);
    assert.throws(
      () => open(server.url, { connectTimeoutMs: 2 ** 31 }),
      /connectTimeoutMs is a number from 0 to 2147483647, not '2147483648'/,
    );
    assert.throws(() => open(server.url, { backoffMs: -1 }), /backoffMs is a number from 0/);
    assert.throws(() => open(server.url, { maxInFlight: 0 }), /maxInFlight is 1 or more, not '0'/);
    assert.throws(() => open(server.url, { maxWaiting: NaN }), RangeError);
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

  it('comes back after a cut, and sends again what was not counted', async () => {
    const client = open(proxy.url);
    await client.send('one');
    proxy.delayMs = 20;
    const sent = Array.from({ length: 500 }, (_, i) => client.send(`message ${i}`));

    proxy.cut();
    proxy.delayMs = 0;

    const counts = await Promise.all(sent);
    assert.deepEqual(
      counts,
      counts.map((_, i) => i + 2),
    );
    assert.deepEqual(client.totals, {
      sent: 501,
      counted: 501,
      lost: 0,
      duplicated: 0,
      reconnects: 1,
    });
  });

  it('keeps messages while there is no connection, and their order', async () => {
    const client = open(proxy.url);
    await client.send('one');
    proxy.refusing = true;
    proxy.cut();
    await until(() => client.state === 'waiting', 'the client waits');
    const sent = ['two', 'three'].map((text) => client.send(text));
    await until(() => client.states.filter((state) => state === 'waiting').length > 2, 'it tries');

    proxy.refusing = false;

    assert.deepEqual(await Promise.all(sent), [2, 3]);
  });

  it('finds out that a connection is half-open', async () => {
    const frozen = await FaultyProxy.to(impatient.port);
    const client = open(frozen.url);
    await client.send('one');

    frozen.swallow();
    const sent = client.send('into the void');

    assert.equal(await sent, 2);
    // More where the machine is so busy that the next connection is silent, too.
    assert.ok(client.totals.reconnects >= 1);
    frozen.close();
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

  it('gives up on a handshake that nobody answers', async () => {
    const silent = await FaultyProxy.to(server.port);
    silent.hold();
    const client = open(silent.url, { connectTimeoutMs: 50 });

    const { state, reason } = await next(client, 'state');

    assert.deepEqual([state, reason], ['waiting', 'connect timeout']);
    await until(() => client.states.includes('connecting'), 'it tries again');
    silent.close();
  });

  it('takes its session back from an attempt of its own that arrives late', async () => {
    const slow = await FaultyProxy.to(server.port);
    const client = open(slow.url, { connectTimeoutMs: 120_000 });
    await client.send('one');
    const release = slow.hold();
    slow.lingering = true;
    slow.cut();
    await until(() => slow.held > 0, 'an attempt is on its slow way');
    slow.pass();
    client.reconnect();
    await until(() => client.state === 'open', 'the next attempt was faster');
    const superseded = next(client, 'state');

    release();

    assert.equal((await superseded).code, 4001);
    assert.equal(await client.send('two'), 2);
    assert.equal(client.state, 'open');
    slow.close();
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

  it('says that nobody listens, where that can be known', async () => {
    // Port 1 is nobody's.
    const { state, code, reason } = await next(open('ws://localhost:1/'), 'state');

    assert.deepEqual([state, code], ['waiting', 1006]);
    assert.match(reason, /ECONNREFUSED/);
  });

  it('reconnects when it is told to', async () => {
    const client = open(server.url);
    await client.send('one');
    const sent = Array.from({ length: 100 }, () => client.send('x'));

    client.reconnect();

    assert.equal((await Promise.all(sent)).at(-1), 101);
    assert.equal(client.totals.reconnects, 1);
  });
});
