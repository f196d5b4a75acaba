import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.js';
import { connect } from './support/client.js';
import { FaultyProxy, TallyServer, until } from './support/processes.js';

describe('with --compression on', () => {
  /** @type {TallyServer} */
  let server;
  /** @type {FaultyProxy} */
  let proxy;

  before(async () => {
    server = await TallyServer.start(['--compression', 'on']);
    proxy = await FaultyProxy.to(server.port);
  });
  after(async () => {
    proxy.close();
    await server.stop();
  });

  it('a browser compresses what it sends, and every message is counted', async () => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${proxy.port}/`);
      const says = async (/** @type {string} */ id) => page.locator(id).textContent();
      await until(async () => (await says('#state-text'))?.includes('Connected'), 'connected');
      const before = proxy.sentBytes;

      for (let sent = 1; sent <= 20; sent++) {
        await page.locator('#text').fill('é'.repeat(2000));
        await page.getByRole('button', { name: 'Send', exact: true }).click();
      }
      await until(async () => (await says('#count')) === '20', 'the count is 20');

      assert.equal(await says('#lost'), '0');
      assert.equal(await says('#duplicated'), '0');
      // 80,000 bytes of text. The page asks for /healthz, too.
      const bytes = proxy.sentBytes - before;
      assert.ok(bytes < 60_000, `${bytes} bytes`);
    } finally {
      await browser.close();
    }
  });

  it('a client of npm ws does too', async () => {
    const client = connect(proxy.url);
    const before = proxy.sentBytes;

    const texts = ['', 'é'.repeat(30_000), 'short', 'drei 🧮'.repeat(5_000)];
    const counts = await Promise.all(texts.map((text) => client.send(text)));
    client.close();

    assert.deepEqual(counts, [1, 2, 3, 4]);
    const sent = proxy.sentBytes - before;
    assert.ok(sent < 60_000, `${sent} bytes`);
  });
});
