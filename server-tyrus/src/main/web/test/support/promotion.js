import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OwnProcess, Redis, freePort, ops, until } from './processes.js';

/** A real Traefik in front of two colours that `ops/promote.sh` starts and stops as processes. */
export class BlueGreen {
  #directory = mkdtempSync(join(tmpdir(), 'tally-page-'));
  #state = join(this.#directory, 'state');
  #routes = join(this.#directory, 'routes');
  /** @type {OwnProcess[]} */
  #processes = [];
  /** @type {Record<string, string>} */
  #environment = {};
  origin = '';

  async start() {
    const redis = await Redis.start();
    this.#processes.push(redis);
    const ports = [];
    for (let i = 0; i < 5; i++) {
      ports.push(`${freePort()}`);
    }
    this.origin = `http://127.0.0.1:${ports[0]}`;
    this.#environment = {
      TALLY_DRIVER: 'process',
      TALLY_STATE: this.#state,
      TALLY_ROUTES: this.#routes,
      TALLY_ENTRYPOINT: this.origin,
      TALLY_BLUE_PORT: ports[1],
      TALLY_BLUE_ADMIN_PORT: ports[2],
      TALLY_GREEN_PORT: ports[3],
      TALLY_GREEN_ADMIN_PORT: ports[4],
      TALLY_HEARTBEAT: '1s',
      TALLY_DRAIN_TIMEOUT: '3s',
      PROMOTE_SETTLE: '1',
      PROMOTE_ROUTE_TIMEOUT: '120',
      PROMOTE_STOP_TIMEOUT: '120',
      REDIS_URL: redis.url,
      JAVA_TOOL_OPTIONS: '-Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    };
    mkdirSync(this.#routes);
    const configuration = join(this.#directory, 'traefik.yaml');
    writeFileSync(
      configuration,
      JSON.stringify({
        entryPoints: { web: { address: `127.0.0.1:${ports[0]}` } },
        providers: { providersThrottleDuration: '100ms', file: { directory: this.#routes } },
        global: { checkNewVersion: false, sendAnonymousUsage: false },
      }),
    );
    const traefik = execFileSync(join(ops, 'traefik/install.sh'), ['--offline'], {
      encoding: 'utf8',
    }).trim();
    this.#processes.push(new OwnProcess(traefik, [`--configFile=${configuration}`]));
    await until(
      () =>
        fetch(this.origin).then(
          () => true,
          () => false,
        ),
      'Traefik listens',
    );
  }

  /** Puts the other colour live. @returns what promote.sh said */
  async promote() {
    const { stdout, stderr } = await promisify(execFile)(join(ops, 'promote.sh'), ['--timeout', '5m'], {
      env: { ...process.env, ...this.#environment },
    });
    return stdout + stderr;
  }

  async stop() {
    for (const color of ['blue', 'green']) {
      try {
        const [pid] = readFileSync(join(this.#state, `${color}.pid`), 'utf8').split(' ');
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It never ran, or it is gone.
      }
    }
    await Promise.all(this.#processes.map((each) => each.stop()));
    rmSync(this.#directory, { recursive: true });
  }
}
