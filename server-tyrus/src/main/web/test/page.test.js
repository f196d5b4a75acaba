import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';
import { launch } from './support/browser.js';
import { Redis, TallyServer, until } from './support/processes.js';
import { BlueGreen } from './support/promotion.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('the page', () => {
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('playwright-core').BrowserContext} */
  let context;
  /** @type {import('playwright-core').Page} */
  let page;
  /** @type {Redis} */
  let redis;
  /** @type {TallyServer} */
  let blue;
  /** @type {string[]} */
  let complaints;

  before(async () => {
    [browser, redis] = await Promise.all([launch(), Redis.start()]);
    blue = await startServer('blue');
  });
  after(async () => {
    await browser.close();
    await Promise.all([blue.stop(), redis.stop()]);
  });
  beforeEach(async () => {
    complaints = [];
    context = await browser.newContext();
    page = await open(blue.origin);
  });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'the console is clean');
  });

  /** @param {string} color */
  function startServer(color) {
    return TallyServer.start(['--redis-url', redis.url, '--color', color, '--heartbeat', '1s']);
  }

  /** @param {string} origin */
  async function open(origin) {
    const opened = await context.newPage();
    listenTo(opened);
    await opened.goto(`${origin}/`);
    await awaitText(opened, '#state-text', 'Connected');
    return opened;
  }

  /** @param {import('playwright-core').Page} opened */
  function listenTo(opened) {
    opened.on('console', (message) => complaints.push(message.text()));
    opened.on('pageerror', (error) => complaints.push(error.message));
  }

  /**
   * A figure is awaited whole, as a pattern: 100 has a 0 in it.
   *
   * @param {import('playwright-core').Page} where
   * @param {string} id
   * @param {string | RegExp} text that it has, or the pattern that it matches
   */
  async function awaitText(where, id, text) {
    const found = where.locator(id);
    await until(
      async () => {
        const said = (await found.textContent()) ?? '';
        return typeof text === 'string' ? said.includes(text) : text.test(said);
      },
      `${id} says '${text}'`,
    ).catch(async (error) => {
      throw new Error(`${error.message}; it says '${await found.textContent()}'`);
    });
  }

  /** @param {import('playwright-core').Page} where */
  async function assertNothingWrong(where) {
    for (const id of ['#in-flight', '#lost', '#duplicated']) {
      assert.equal(await where.locator(id).textContent(), '0', id);
    }
  }

  it('counts, and says who answers', async () => {
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await awaitText(page, '#count', /^1$/);
    await page.getByRole('button', { name: 'Send 100' }).click();
    await awaitText(page, '#count', /^101$/);

    await assertNothingWrong(page);
    await awaitText(page, '#server', 'blue ');
    await awaitText(page, '#frames', '{"count": 101}');
    await awaitText(page, '#latency-figures', 'median');
    await awaitText(page, '#heartbeat', 'every 1 s');
    assert.equal(await page.locator('.marks .counted').count(), 51);
    await awaitText(page, '#announcement', '101 counted, 0 in flight');
  });

  it('loses nothing when the connection is cut in the middle', async () => {
    await page.evaluate(() => {
      document.getElementById('hundred')?.click();
      document.getElementById('cut')?.click();
    });

    await awaitText(page, '#count', /^100$/);
    await assertNothingWrong(page);
    await awaitText(page, '#reconnects', 'once');
  });

  it('resumes after a reload', async () => {
    await page.click('#hundred');
    await awaitText(page, '#count', /^100$/);
    const session = await page.locator('#session').textContent();

    await page.reload();

    await awaitText(page, '#count', /^100$/);
    assert.equal(await page.locator('#session').textContent(), session);
    await page.keyboard.press('Tab');
    await page.click('#composer button');
    await awaitText(page, '#count', /^101$/);
  });

  it('explains a takeover to the loser, who may take the session back or begin anew', async () => {
    await page.click('#composer button');
    await awaitText(page, '#count', /^1$/);
    const opening = context.waitForEvent('page');
    await page.getByRole('link', { name: 'second tab' }).click();
    const second = await opening;
    listenTo(second);
    await awaitText(second, '#count', /^1$/);

    await page.getByRole('heading', { name: 'went on in another tab' }).waitFor();
    await awaitText(page, '#state-text', 'Went on elsewhere');
    const focused = await page.evaluate(() => document.activeElement?.id);
    assert.equal(focused, 'notice-title');
    assert.deepEqual(await violations(page), []);

    await page.getByRole('button', { name: 'Take it back' }).click();
    await awaitText(page, '#state-text', 'Connected');
    await awaitText(second, '#state-text', 'Went on elsewhere');
    await second.getByRole('button', { name: 'Begin a new session' }).click();
    await second.click('#composer button');
    await awaitText(second, '#count', /^1$/);
    await page.click('#composer button');
    await awaitText(page, '#count', /^2$/);
  });

  it('watches a promotion live, with no count lost', async () => {
    const servers = new BlueGreen();
    try {
      await servers.start();
      await servers.promote();
      const watching = await open(servers.origin);
      await awaitText(watching, '#server', 'blue ');
      const sending = watching.evaluate(async () => {
        const hundreds = () => document.getElementById('hundred')?.click();
        const timer = setInterval(hundreds, 250);
        await new Promise((resolve) => addEventListener('promoted', resolve));
        clearInterval(timer);
      });

      const said = await servers.promote();

      assert.match(said, /lost 0, duplicated 0/);
      await awaitText(watching, '#server', 'green ');
      await watching.evaluate(() => dispatchEvent(new Event('promoted')));
      await sending;
      await awaitText(watching, '#in-flight', /^0$/);
      await assertNothingWrong(watching);
      const count = Number(await watching.locator('#count').textContent());
      assert.ok(count > 500 && count % 100 === 0, `${count}`);
      assert.equal(await watching.locator('#acknowledged').textContent(), `${count}`);
      assert.equal(await watching.locator('html').getAttribute('data-color'), 'green');
      await watching.close();
    } finally {
      await servers.stop();
    }
  });

  it('goes on after the network was away', async () => {
    await page.click('#composer button');
    await awaitText(page, '#count', /^1$/);

    await context.setOffline(true);
    await page.click('#cut');
    await awaitText(page, '#state-text', 'You are offline');
    await page.click('#composer button');
    await awaitText(page, '#in-flight', /^1$/);
    complaints = [];
    await context.setOffline(false);

    await awaitText(page, '#count', /^2$/);
  });

  it('can be used from the keyboard alone', async () => {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'text');
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await awaitText(page, '#count', /^1$/);
    await awaitText(page, '#frames', 'typed');
    for (const id of ['send', 'hundred', 'cut', 'copy']) {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement?.id), id);
      if (id === 'hundred') {
        await page.keyboard.press('Space');
        await awaitText(page, '#count', /^101$/);
      }
    }
  });

  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    it(`is accessible in ${colorScheme}, wide and narrow`, async () => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.click('#hundred');
      await awaitText(page, '#count', /^100$/);
      for (const [width, color] of /** @type {const} */ ([[1280, 'blue'], [800, ''], [320, 'green']])) {
        await page.setViewportSize({ width, height: 800 });
        await page.evaluate((to) => (document.documentElement.dataset.color = to), color);
        assert.deepEqual(await violations(page), []);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        assert.ok(overflow <= 0, `${overflow} px too wide at ${width}`);
      }
    });
  }

  /**
   * Playwright's evaluate is not held by the page's policy, which lets no foreign script in.
   *
   * @param {import('playwright-core').Page} where
   * @returns {Promise<string[]>}
   */
  async function violations(where) {
    await where.evaluate(axe);
    return where.evaluate(async () => {
      const { violations: found } = await /** @type {any} */ (globalThis).axe.run();
      return found.map(
        (/** @type {any} */ each) => `${each.id}: ${each.nodes.map((/** @type {any} */ node) => node.html).join(' ')}`,
      );
    });
  }
});
