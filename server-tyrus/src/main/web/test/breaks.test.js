import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, next } from './support/client.js';
import { FaultyProxy, TallyServer, until } from './support/processes.js';

describe('a client whose connection breaks', () => {
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
