import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLOSE_CODES } from '../client/close-codes.js';

const web = fileURLToPath(new URL('..', import.meta.url));

describe('the package', () => {
  it('has types without a flaw', () => {
    execFileSync('npx', ['--no-install', 'tsc'], { cwd: web, stdio: 'inherit' });
  });

  it('knows the close codes of the protocol', () => {
    const protocol = readFileSync(`${web}/../../../../docs/PROTOCOL.md`, 'utf8');
    const rows = [...protocol.matchAll(/^\| (\d{4}) \|[^|]*\| (no|after the hint|with backoff|with a new token) \|$/gm)];
    const words = new Map([
      ['no', 'never'],
      ['after the hint', 'after-hint'],
      ['with backoff', 'with-backoff'],
      ['with a new token', 'with-new-token'],
    ]);

    assert.deepEqual(
      rows.map(([, code, rule]) => [Number(code), words.get(rule)]),
      [...CLOSE_CODES],
    );
  });

  it('carries what it needs, and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json'], {
        cwd: web,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    const paths = files.map((/** @type {{path: string}} */ file) => file.path);

    for (const path of ['LICENSE', 'README.md', 'client/tally-client.js', 'types/tally-client.d.ts']) {
      assert.ok(paths.includes(path), path);
    }
    assert.deepEqual(
      paths.filter((/** @type {string} */ path) => /test|page|node_modules/.test(path)),
      [],
    );
  });
});
