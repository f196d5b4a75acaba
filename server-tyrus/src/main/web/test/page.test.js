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
    return TallyServer.start(['--redis-url', redis.url, '--color', color, '--heartbeat', '2s']);
  }

  /** @param {string} origin */
  async function open(origin) {
    const opened = await context.newPage();
    listenTo(opened);
    await opened.goto(`${origin}/`);
    await awaitText(opened, '#state-text', 'Connected');
    return opened;
  }

  /**
   * Answers as the server does, which may be any behind a proxy.
   *
   * @param {import('playwright-core').Route} route
   * @param {string} color
   * @param {string} instance
   */
  function answer(route, color, instance = 'one') {
    return route.fulfill({ json: { status: 'ok', color, version: '1.0.0', instance } });
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
    await awaitText(page, '#server', 'blue');
    await awaitText(page, '#frames', '{"count": 101}');
    await awaitText(page, '#latency-figures', 'median');
    await awaitText(page, '#heartbeat', 'every 2 s');
    assert.equal(await page.locator('.marks .counted').count(), 51);
    await awaitText(page, '#announcement', '101 counted, 0 in flight');
  });

  it('takes another instance of the colour, and an answer that was overtaken, for no change', async () => {
    /** @type {import('playwright-core').Route | undefined} */
    let first;
    let asked = 0;
    await context.route('**/healthz', async (route) => {
      asked++;
      if (first) {
        await answer(route, 'blue', `instance ${asked}`);
      } else {
        first = route;
      }
    });
    const watching = await open(blue.origin);
    await awaitText(watching, '#server', 'blue');
    assert.ok(first);

    await answer(first, 'green', 'instance 1');
    const askedBefore = asked;
    await until(() => asked > askedBefore + 2, 'it asks on');

    assert.equal(await watching.locator('#server').textContent(), 'blue');
    assert.equal(await shownColor(watching), 'blue');
    assert.doesNotMatch(await watching.locator('#frames').innerText(), /Now served by/);
  });

  it('has the newest frame first, and shows all of it', async () => {
    const long = 'long '.padEnd(2000, 'x');
    for (const [i, text] of ['first', long].entries()) {
      await page.fill('#text', text);
      await page.click('#composer button');
      await awaitText(page, '#count', `${i + 1}`);
    }
    await awaitText(page, '#frames', '{"count": 2}');

    const lines = await page.locator('#frames li').allTextContents();
    const at = ['{"count": 2}', long, '{"count": 1}', 'first'].map((text) =>
      lines.findIndex((line) => line.endsWith(text)),
    );
    assert.ok(!at.includes(-1), `${at}`);
    assert.deepEqual(at, [...at].sort((a, b) => a - b));
    const cut = await page
      .locator('#frames li span')
      .evaluateAll((spans) => spans.filter((each) => each.scrollWidth > each.clientWidth).length);
    assert.equal(cut, 0);
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

  it('explains a takeover to the loser, who may take the session back or begin a new one', async () => {
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
      await awaitText(watching, '#server', 'blue');
      const sending = watching.evaluate(async () => {
        let promoted = false;
        addEventListener('promoted', () => (promoted = true));
        for (let clicks = 0; clicks < 6 || !promoted; clicks++) {
          document.getElementById('hundred')?.click();
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
      });

      const said = await servers.promote();

      assert.match(said, /lost 0, duplicated 0/);
      await awaitText(watching, '#server', 'green');
      await watching.evaluate(() => dispatchEvent(new Event('promoted')));
      await sending;
      await awaitText(watching, '#in-flight', /^0$/);
      await assertNothingWrong(watching);
      const count = Number(await watching.locator('#count').textContent());
      assert.ok(count > 500 && count % 100 === 0, `${count}`);
      assert.equal(await watching.locator('#acknowledged').textContent(), `${count}`);
      assert.equal(await shownColor(watching), 'green');
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
      let answered = 'blue';
      await page.route('**/healthz', (route) => answer(route, answered));
      for (const [width, color] of /** @type {const} */ ([[1280, 'blue'], [800, ''], [320, 'green']])) {
        await page.setViewportSize({ width, height: 800 });
        answered = color;
        await until(() => shownColor(page).then((shown) => shown === color), `it is ${color}`);
        assert.deepEqual(await violations(page), []);
        assert.equal(await shownColor(page), color, 'while it was looked at');
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        assert.ok(overflow <= 0, `${overflow} px too wide at ${width}`);
      }
    });
  }

  /** @param {import('playwright-core').Page} where */
  function shownColor(where) {
    return where.locator('html').getAttribute('data-color');
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
