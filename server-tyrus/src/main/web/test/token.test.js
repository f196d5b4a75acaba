import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, next } from './support/client.js';
import { TallyServer, until } from './support/processes.js';

const secret = randomBytes(32).toString('base64');

/** @param {object} claims @param {string} [key] a JSON Web Token, signed with HS256 */
function mint(claims, key = secret) {
  /** @param {object} part */
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** @param {number} seconds */
const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

describe('a client with tokens', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tally-token-'));
  /** @type {TallyServer} */
  let server;
  /** It closes at once when a token expires. @type {TallyServer} */
  let strict;
  /** @type {ReturnType<typeof connect>[]} */
  const clients = [];

  before(async () => {
    const file = join(directory, 'secret');
    writeFileSync(file, secret, { mode: 0o600 });
    [server, strict] = await Promise.all([
      TallyServer.start(['--auth-secret-file', file]),
      TallyServer.start(['--auth-secret-file', file, '--auth-leeway', '0s']),
    ]);
  });
  after(async () => {
    clients.forEach((client) => client.close());
    await Promise.all([server.stop(), strict.stop()]);
    rmSync(directory, { recursive: true });
  });

  /** @param {string} url @param {() => string | Promise<string>} token @param {object} [options] */
  function open(url, token, options) {
    const client = connect(url, { token, ...options });
    clients.push(client);
    return client;
  }

  it('asks for a token at each attempt', async () => {
    let asked = 0;
    const client = open(server.url, async () => {
      asked++;
      return mint({ sub: 'alice', exp: inSeconds(600) });
    });
    assert.equal(await client.send('one'), 1);

    client.reconnect();

    assert.equal(await client.send('two'), 2);
    assert.equal(asked, 2);
  });

  it('moves to a new token before the old one expires, and counts all the while', async () => {
    let asked = 0;
    const client = open(server.url, () => mint({ sub: 'bob', exp: inSeconds(++asked < 3 ? 3 : 600) }));
    const { expiresInS } = await next(client, 'welcome');
    assert.ok(expiresInS >= 0 && expiresInS <= 3, `${expiresInS}`);

    let sent = 0;
    await until(async () => {
      assert.equal(await client.send('on'), ++sent);
      return asked === 3 && client.state === 'open';
    }, 'the third token');

    assert.equal(await client.send('last'), sent + 1);
    assert.ok(!client.states.includes('waiting'), client.states.join());
    assert.equal(client.totals.duplicated + client.totals.lost, 0);
  });

  it('comes back with a new token when the old one has expired', async () => {
    let logIn = () => {};
    const loggedIn = new Promise((resolve) => (logIn = () => resolve(undefined)));
    let asked = 0;
    const client = open(
      strict.url,
      async () => {
        if (asked++ > 0) {
          await loggedIn;
        }
        return mint({ sub: 'carol', exp: inSeconds(asked > 1 ? 600 : 3) });
      },
      { connectTimeoutMs: 100_000 },
    );
    assert.equal(await client.send('one'), 1);
    /** @type {number[]} */
    const codes = [];
    client.addEventListener('state', ({ detail }) => detail.code && codes.push(detail.code));
    await until(() => codes.includes(4401), 'the close with 4401');

    logIn();

    assert.equal(await client.send('two'), 2);
  });

  it('ends after some tokens that the server refused', async () => {
    let asked = 0;
    const client = open(
      server.url,
      () => {
        asked++;
        return mint({ sub: 'mallory', exp: inSeconds(600) }, 'another key, also of 32 bytes or more');
      },
      { maxTokenTries: 3 },
    );

    await assert.rejects(client.send('one'), { code: 'unauthorized', maybeCounted: false });

    assert.equal(asked, 3);
    assert.equal(client.state, 'closed');
    assert.match(client.error?.message ?? '', /^3 tokens in a row were refused.*401/);
  });

  it('ends if there is no token, and says why', async () => {
    const client = open(server.url, () => Promise.reject(new Error('not logged in')), {
      maxTokenTries: 2,
    });

    await assert.rejects(client.send('one'), { code: 'unauthorized' });

    assert.match(client.error?.message ?? '', /no token: not logged in/);
  });

  it('gives the session to its subject alone', async () => {
    const alice = open(server.url, () => mint({ sub: 'alice', exp: inSeconds(600) }));
    assert.equal(await alice.send('one'), 1);

    const thief = open(server.url, () => mint({ sub: 'mallory', exp: inSeconds(600) }), {
      sessionId: alice.sessionId,
    });

    assert.equal(await thief.send('one'), 1);
    assert.equal(await alice.send('two'), 2);
  });

  it('never shows a token to its listeners', async () => {
    const token = mint({ sub: 'dave', exp: inSeconds(600) });
    const client = open(server.url, () => token);
    /** @type {string[]} */
    const seen = [];
    for (const type of ['state', 'welcome', 'count', 'frame', 'error']) {
      client.addEventListener(type, (event) =>
        seen.push(JSON.stringify(/** @type {CustomEvent} */ (event).detail)),
      );
    }

    await client.send('one');

    assert.ok(seen.length > 2);
    assert.ok(!seen.join().includes(token));
  });
});
