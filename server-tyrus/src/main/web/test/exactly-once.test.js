import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, next, seeded } from './support/client.js';
import { FaultyProxy, Redis, TallyServer, freePort, until } from './support/processes.js';

const clean = { lost: 0, duplicated: 0 };

/** @param {ReturnType<typeof connect>} client */
function ledger({ totals: { lost, duplicated } }) {
  return { lost, duplicated };
}

/** @param {number} from @param {number} to */
function numbers(from, to) {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('every message is counted once', () => {
  /** @type {Redis} */
  let redis;
  /** @type {{stop: (signal?: NodeJS.Signals) => Promise<unknown>}[]} */
  const processes = [];
  before(async () => {
    redis = await Redis.start();
    processes.push(redis);
  });
  /** @type {{close: () => void}[]} */
  const open = [];
  after(async () => {
    open.forEach((each) => each.close());
    await Promise.all(processes.map((each) => each.stop()));
  });

  /** @template {{close: () => void}} T @param {T} each @returns {T} the same, closed at the end */
  function closing(each) {
    open.push(each);
    return each;
  }

  /** @param {string[]} [flags] @param {number} [port] */
  async function startServer(flags = [], port) {
    const server = await TallyServer.start(['--redis-url', redis.url, ...flags], port);
    processes.push(server);
    return server;
  }

  it('through cuts, half-open connections, delays and refusals at random', async (test) => {
    const server = await startServer();
    const proxy = closing(await FaultyProxy.to(server.port));
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    test.diagnostic(`SEED=${seed}`);
    const random = seeded(seed);
    const clients = numbers(1, 5).map(() =>
      closing(connect(proxy.url, { random, connectTimeoutMs: 3000 })),
    );
    const total = (/** @type {'counted' | 'reconnects'} */ what) =>
      clients.reduce((sum, { totals }) => sum + totals[what], 0);
    let faults = 0;
    let counted = 0;
    const faulty = setInterval(() => {
      // However slow the machine is, something gets through between two of them.
      if (faults > 0 && total('counted') === counted) {
        proxy.refusing = false;
        return;
      }
      counted = total('counted');
      faults++;
      proxy.delayMs = random() < 0.3 ? Math.floor(random() * 20) : 0;
      proxy.refusing = random() < 0.1;
      if (random() < 0.3) {
        proxy.swallow();
        clients.forEach((client) => random() < 0.8 && client.reconnect());
      }
      proxy.cut();
    }, 60).unref();

    await Promise.all(
      clients.map(async (client) => {
        for (let sent = 0; sent < 2000 || total('reconnects') <= 10; sent += 50) {
          const burst = numbers(1, 50).map((i) => client.send(`message ${sent + i}`));
          const pause = new Promise((resolve) => setTimeout(resolve, random() * 40));
          assert.deepEqual(await Promise.all(burst), numbers(sent + 1, sent + 50));
          await pause;
        }
      }),
    );

    clearInterval(faulty);
    const reconnects = total('reconnects');
    test.diagnostic(`${total('counted')} messages, ${faults} faults, ${reconnects} reconnects`);
    assert.ok(reconnects > 10);
    clients.forEach((client) => assert.deepEqual(ledger(client), clean));
  });

  it('through a server that is killed and started again', async () => {
    const port = freePort();
    const first = await startServer([], port);
    const client = closing(connect(first.url));
    await client.send('one');
    const sent = numbers(2, 3000).map((i) => client.send(`message ${i}`));
    await until(() => client.count > 100, 'it is in the middle');

    await first.stop('SIGKILL');
    await startServer([], port);

    assert.deepEqual(await Promise.all(sent), numbers(2, 3000));
    assert.deepEqual(ledger(client), clean);
  });

  it('through a drain, moving to the next server before the first one closes', async () => {
    const [blue, green] = await Promise.all([
      // As long as the move may take.
      startServer(['--drain-timeout', '200s', '--drain-overlap', '120s']),
      startServer(),
    ]);
    const proxy = closing(await FaultyProxy.to(blue.port));
    const client = closing(connect(proxy.url));
    await client.send('one');
    /** @type {Promise<number>[]} */
    const sent = [];
    const send = () => sent.push(client.send(`message ${sent.length}`));
    const sending = setInterval(send, 2).unref();
    await until(() => client.count > 20, 'it counts');

    proxy.target = green.port;
    const bye = next(client, 'bye');
    const drained = blue.stop('SIGTERM');
    await bye;
    await until(() => client.state === 'open', 'it moved');
    const movedAt = client.count;
    await until(() => client.count > movedAt + 20, 'it counts there');
    clearInterval(sending);

    assert.deepEqual(await Promise.all(sent), numbers(2, sent.length + 1));
    await drained;
    assert.deepEqual(ledger(client), clean);
    assert.equal(client.totals.reconnects, 1);
    // Once green has the session, blue closes with 4001, perhaps ahead of green's welcome. The
    // client may be 'connecting' then, but it never has to wait.
    assert.ok(!client.states.includes('waiting'), 'the old connection worked until the move');
  });

  it('through the loss of a session, as far as the session that there is', async () => {
    const server = await startServer();
    const proxy = closing(await FaultyProxy.to(server.port));
    const client = closing(connect(proxy.url));
    await client.send('one');
    await client.send('two');
    proxy.refusing = true;
    proxy.cut();
    await until(() => client.state === 'waiting', 'the cut is seen');
    const sent = client.send('three');
    const forgetful = await TallyServer.start();
    processes.push(forgetful);

    proxy.target = forgetful.port;
    proxy.refusing = false;

    assert.equal(await sent, 1);
    assert.deepEqual(client.errors, ['session_lost']);
    assert.deepEqual(ledger(client), { lost: 2, duplicated: 0 });
  });
});
