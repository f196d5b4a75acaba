import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import WebSocket from 'ws';
import { launch } from './support/browser.js';
import { connect } from './support/client.js';
import { OwnProcess, TallyServer, freePort, ops, until } from './support/processes.js';

/** A real Traefik with a certificate that it signed itself, as `TALLY_TLS=on make dev-up` has it. */
describe('over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tally-tls-'));
  const port = freePort();
  const origin = `https://127.0.0.1:${port}`;
  /** @type {TallyServer} */
  let server;
  /** @type {OwnProcess} */
  let traefik;

  before(async () => {
    server = await TallyServer.start(['--trusted-proxies', '127.0.0.1']);
    execFileSync(join(ops, 'traefik/certificate.sh'), [directory], { stdio: 'ignore' });
    const routes = join(directory, 'routes.json');
    const certificate = {
      certFile: join(directory, 'fullchain.pem'),
      keyFile: join(directory, 'privkey.pem'),
    };
    writeFileSync(
      routes,
      JSON.stringify({
        tls: { stores: { default: { defaultCertificate: certificate } } },
        http: {
          routers: { chat: { rule: 'PathPrefix(`/`)', service: 'chat', tls: {} } },
          services: { chat: { loadBalancer: { servers: [{ url: server.origin }] } } },
        },
      }),
    );
    const configuration = join(directory, 'traefik.json');
    writeFileSync(
      configuration,
      JSON.stringify({
        entryPoints: { websecure: { address: `127.0.0.1:${port}` } },
        providers: { file: { filename: routes } },
        global: { checkNewVersion: false, sendAnonymousUsage: false },
      }),
    );
    const binary = execFileSync(join(ops, 'traefik/install.sh'), ['--offline'], {
      encoding: 'utf8',
    }).trim();
    traefik = new OwnProcess(binary, [`--configFile=${configuration}`]);
    const ready = ['--silent', '--fail', '--noproxy', '*', '--cacert', certificate.certFile];
    await until(() => {
      try {
        return execFileSync('curl', [...ready, `${origin}/readyz`], { encoding: 'utf8' });
      } catch {
        return undefined;
      }
    }, 'Traefik answers');
  });
  after(async () => {
    await Promise.all([traefik?.stop(), server?.stop()]);
    rmSync(directory, { recursive: true });
  });

  it('the page in a real browser connects with wss, and counts', async () => {
    const browser = await launch();
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      /** @type {string[]} */
      const sockets = [];
      page.on('websocket', (socket) => sockets.push(socket.url()));
      await page.goto(origin);

      const count = await page.evaluate(async () => {
        // @ts-expect-error The page's own path to the client.
        const { TallyClient } = await import('/client/tally-client.js');
        const client = new TallyClient('/ws/chat/', { storage: null });
        await client.send('one');
        return client.send('two');
      });

      assert.equal(count, 2);
      assert.ok(sockets.length > 0);
      assert.ok(
        sockets.every((url) => url.startsWith(`wss://127.0.0.1:${port}/`)),
        sockets.join(),
      );
    } finally {
      await browser.close();
    }
  });

  it('the client in Node.js trusts a certificate that it is given, and no other', async () => {
    const ca = readFileSync(join(directory, 'fullchain.pem'));
    class Trusting extends WebSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(url, protocols, { ca });
      }
    }
    const client = connect(`${origin}/ws/chat/`, { WebSocket: Trusting });
    assert.equal(await client.send('one'), 1);
    client.close();

    const wary = connect(`${origin}/ws/chat/`);
    /** @type {string[]} */
    const reasons = [];
    wary.addEventListener('state', ({ detail }) => reasons.push(detail.reason ?? ''));
    await until(() => reasons.some((reason) => reason.includes('self-signed')), 'the refusal');
    assert.notEqual(wary.state, 'open');
    wary.close();
  });
});
