import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, memoryStorage, next } from './support/client.js';
import { FaultyProxy, TallyServer } from './support/processes.js';

describe('the client', () => {
  /** @type {TallyServer} */
  let server;
  /** Its clients soon take silence for a dead connection. @type {TallyServer} */
  let impatient;
  /** @type {FaultyProxy} */
  let proxy;
  /** @type {ReturnType<typeof connect>[]} */
  const clients = [];

  before(async () => {
    [server, impatient] = await Promise.all([
      TallyServer.start(),
      TallyServer.start(['--heartbeat', '1s']),
    ]);
    proxy = await FaultyProxy.to(server.port);
  });
  after(async () => {
    clients.forEach((client) => client.close());
    proxy.close();
    await Promise.all([server.stop(), impatient.stop()]);
  });

  /** @param {string} url @param {import('./support/client.js').TallyOptions} [options] */
  function open(url, options) {
    const client = connect(url, options);
    clients.push(client);
    return client;
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

  it('gets a new session after close with forget', async () => {
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
});
