import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import WebSocket from 'ws';
import { launch } from './support/browser.js';
import { TallyServer, until } from './support/processes.js';

/** An origin of its own, which keeps what it is asked for. */
class OtherOrigin {
  /** @type {import('node:http').IncomingHttpHeaders[]} */
  upgrades = [];
  #server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<title>another origin</title>');
  }).on('upgrade', (request, socket) => {
    this.upgrades.push(request.headers);
    socket.destroy();
  });
  origin = '';

  static async start() {
    const other = new OtherOrigin();
    other.#server.listen(0, '127.0.0.1');
    await once(other.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (other.#server.address());
    other.origin = `http://127.0.0.1:${port}`;
    return other;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** In a page: what it learns of a WebSocket that it opens. @param {string} url */
function tryWebSocket(url) {
  return new Promise((resolve) => {
    const socket = new window.WebSocket(url, 'tally.v1');
    socket.onmessage = ({ data }) => resolve(JSON.parse(data).type);
    socket.onclose = ({ code, reason }) => resolve(`closed ${code} '${reason}'`);
  });
}

/** In a page: what it learns of an answer. @param {{url: string, mode: string}} question */
async function tryFetch({ url, mode }) {
  try {
    const { type, status } = await fetch(url, { mode: /** @type {RequestMode} */ (mode) });
    return `${type} ${status}`;
  } catch (error) {
    return /** @type {Error} */ (error).name;
  }
}

describe('a page of another origin', () => {
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('playwright-core').Page} */
  let page;
  /** @type {OtherOrigin} */
  let other;
  /** @type {TallyServer} */
  let server;

  before(async () => {
    [browser, other] = await Promise.all([launch(), OtherOrigin.start()]);
    server = await TallyServer.start(['--log-level', 'debug', '--log-format', 'json']);
    page = await browser.newPage();
    await page.goto(other.origin);
  });
  after(async () => {
    await browser.close();
    other.close();
    await server.stop();
  });

  /** @param {string} who */
  function refused(who) {
    return until(() => server.output.includes(`${who} may not connect here`), `${who} is refused`);
  }

  it('opens no WebSocket, and is not told why', async () => {
    assert.equal(await page.evaluate(tryWebSocket, server.url), "closed 1006 ''");
    await refused(`Pages of the origin '${other.origin}'`);
  });

  it('takes no session, though it has the id', async () => {
    const owner = new WebSocket(server.url, 'tally.v1');
    const [welcome] = await once(owner, 'message');
    const id = JSON.parse(welcome).session_id;

    const learned = await page.evaluate(tryWebSocket, `${server.url}?session_id=${id}`);

    assert.equal(learned, "closed 1006 ''");
    owner.send('still mine');
    const [reply] = await once(owner, 'message');
    assert.deepEqual(JSON.parse(reply), { count: 1 });
    owner.terminate();
  });

  it('does not hide its origin in a sandbox', async () => {
    const learned = await page.evaluate(
      ([source, url]) =>
        new Promise((resolve) => {
          window.addEventListener('message', ({ data }) => resolve(data), { once: true });
          const frame = document.createElement('iframe');
          frame.sandbox.add('allow-scripts');
          frame.srcdoc = `<script>(${source})('${url}').then((it) => parent.postMessage(it, '*'))</script>`;
          document.body.append(frame);
        }),
      [tryWebSocket.toString(), server.url],
    );
    assert.equal(learned, "closed 1006 ''");
    await refused("Pages of the origin 'null'");
  });

  it('reads no answer of plain HTTP', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/ws/chat/']) {
      const url = server.origin + path;
      assert.equal(await page.evaluate(tryFetch, { url, mode: 'cors' }), 'TypeError', path);
      assert.equal(await page.evaluate(tryFetch, { url, mode: 'no-cors' }), 'opaque 0', path);
    }
  });

  it('does not show the page in a frame of its own', async () => {
    await page.evaluate((url) => {
      const frame = document.createElement('iframe');
      frame.name = 'framed';
      frame.src = url;
      document.body.append(frame);
      return new Promise((resolve) => (frame.onload = resolve));
    }, `${server.origin}/`);
    assert.equal(await page.frame('framed')?.locator('#state-text').count(), 0);
  });

  it('connects if its origin is allowed', async () => {
    const open = await TallyServer.start(['--allowed-origins', other.origin]);
    try {
      assert.equal(await page.evaluate(tryWebSocket, open.url), 'welcome');
    } finally {
      await open.stop();
    }
  });

  it('cannot leave the header Origin out', async () => {
    await page.evaluate(tryWebSocket, other.origin.replace('http', 'ws'));
    assert.equal(other.upgrades.at(-1)?.origin, other.origin);
  });

  it('gains nothing by cookies: none is set and none is read', async () => {
    const first = new WebSocket(server.url);
    const [{ headers }] = await once(first, 'upgrade');
    const id = headers['x-session-id'];
    const cookie = `session_id=${id}; X-Session-Id=${id}`;
    const second = new WebSocket(server.url, { headers: { cookie } });
    const [answer] = await once(second, 'upgrade');

    assert.notEqual(answer.headers['x-session-id'], id);
    assert.equal(answer.headers['set-cookie'], undefined);
    for (const path of ['/', '/healthz', '/readyz', '/nothing']) {
      const response = await fetch(server.origin + path);
      assert.equal(response.headers.get('set-cookie'), null, path);
      assert.equal(response.headers.get('access-control-allow-origin'), null, path);
    }
    first.terminate();
    second.terminate();
  });
});
