import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TallyServer } from './support/processes.js';

const web = fileURLToPath(new URL('..', import.meta.url));
const [anywhere, withWs] = [
  ...readFileSync(`${web}/README.md`, 'utf8').matchAll(/^```js\n(.*?)^```$/gms),
].map(([, code]) => code);

// Node.js 20 and 21 have the global WebSocket of newer ones behind a flag.
const newerNode = globalThis.WebSocket ? [] : ['--experimental-websocket'];

describe("the README's example", () => {
  /** @type {TallyServer} */
  let server;

  before(async () => {
    server = await TallyServer.start();
  });
  after(() => server.stop());

  /** Runs code as a module of this package until it prints a count. @param {string} code @param {string[]} flags */
  async function run(code, flags = []) {
    const here = code.replace('wss://example.org/ws/chat/', server.url);
    assert.notEqual(here, code);
    const example = spawn(process.execPath, [...flags, '--input-type=module', '--eval', here], {
      cwd: web,
    });
    let output = '';
    try {
      for await (const chunk of example.stdout) {
        output += chunk;
        if (/^\d+$/m.test(output)) {
          break;
        }
      }
    } finally {
      example.kill();
    }
    return output.trim().split('\n');
  }

  it('counts in a browser and in Node.js 22 or newer', async () => {
    assert.deepEqual(await run(anywhere, newerNode), ['open', '1']);
  });

  it('counts in Node.js 20 with the package ws', async () => {
    assert.deepEqual(await run(withWs), ['1']);
  });
});
