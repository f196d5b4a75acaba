// The picture of the README: node screenshot.js FILE
import { launch } from './test/support/browser.js';
import { TallyServer } from './test/support/processes.js';

const server = await TallyServer.start(['--color', 'blue', '--heartbeat', '30s']);
const browser = await launch();
try {
  const page = await browser.newPage({
    viewport: { width: 1180, height: 980 },
    reducedMotion: 'reduce',
  });
  await page.goto(`${server.origin}/`);
  await page.waitForSelector('[data-state=open]');
  for (let i = 0; i < 58; i++) {
    await page.click('#composer button');
  }
  await page.waitForFunction(() => document.getElementById('count')?.textContent === '58');
  await page.evaluate(() => {
    document.getElementById('cut')?.click();
    const send = /** @type {HTMLElement} */ (document.querySelector('#composer button'));
    for (let i = 0; i < 14; i++) {
      send.click();
    }
    /** @type {HTMLElement} */ (document.activeElement).blur();
  });
  await page.waitForFunction(() => document.getElementById('in-flight')?.textContent === '14');
  await page.screenshot({ path: process.argv[2] });
} finally {
  await browser.close();
  await server.stop();
}
