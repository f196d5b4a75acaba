import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from '../client/frames.js';
import { hintInFrame } from '../client/hints.js';
import { Ledger } from '../client/ledger.js';
import { complete } from '../client/options.js';
import { ReconnectRules } from '../client/reconnect-rules.js';

// The clients in Java and Python are tested with the same file.
const file = new URL('../../../../../docs/client-rules.json', import.meta.url);
/** @type {{coming_back: any[], ledger: any[]}} */
const rules = JSON.parse(readFileSync(file, 'utf8'));

class WebSocket {}

/** A WebSocket has no Retry-After, and only the package ws tells a status. @param {any} step */
function ending(step) {
  if (step.close) {
    return { code: step.close, reason: step.reason };
  }
  const reason = step.status
    ? `Unexpected server response: ${step.status}`
    : 'connect ECONNREFUSED 127.0.0.1:8080';
  return { code: 1006, reason };
}

/** @param {any[]} steps @param {boolean} longest */
function play(steps, longest) {
  const random = () => (longest ? 1 - Number.EPSILON : 0);
  let nowMs = 1_000_000;
  const options = complete({ random, WebSocket: /** @type {any} */ (WebSocket) });
  const client = new ReconnectRules({ ...options, now: () => nowMs });
  for (const step of steps) {
    const pauseMs = step.pause_ms?.[longest ? 1 : 0];
    const { code, reason } = ending(step);
    switch (step.event) {
      case 'welcome':
        client.opened();
        break;
      case 'works':
        client.proved();
        break;
      case 'wait':
        nowMs += step.ms;
        break;
      case 'bye':
        assert.equal(hintInFrame(step.retry_after_ms), pauseMs, JSON.stringify(step));
        break;
      case 'broke':
      case 'failed':
        if (step.event === 'broke') {
          client.broke(code);
        } else {
          client.failed(code, reason);
        }
        assert.equal(client.giveUp(code), pauseMs === undefined, JSON.stringify(step));
        if (pauseMs !== undefined) {
          assert.equal(client.pauseMs(reason), pauseMs, JSON.stringify(step));
        }
        break;
      default:
        assert.fail(JSON.stringify(step));
    }
  }
  return client;
}

describe('the rules of coming back', () => {
  for (const { name, needs, steps } of rules.coming_back) {
    it(name, { skip: needs === 'status' && 'a WebSocket does not tell the status' }, () => {
      play(steps, false);
      play(steps, true);
    });
  }

  it('start again from the first window when there is reason to hurry', () => {
    const failed = { event: 'failed', close: 1006, reason: '' };
    const steps = [100, 200, 400].map((ms) => ({ ...failed, pause_ms: [0, ms] }));
    const client = play(steps, true);

    client.hurry();

    assert.equal(client.pauseMs(''), 100);
  });
});

describe('the ledger', () => {
  for (const { name, steps, counted, lost, duplicated, waiting, reconnects } of rules.ledger) {
    it(name, () => {
      const ledger = new Ledger();
      const keep = (/** @type {string} */ text) =>
        ledger.add({ text, bytes: 1, resolve: () => {}, reject: () => {}, sent: false });
      const goOut = () => {
        const out = [];
        for (let message = ledger.next(); message; message = ledger.next()) {
          out.push(message.text);
        }
        return out;
      };
      for (const step of steps) {
        const before = ledger.counted;
        switch (step.event) {
          case 'welcome':
            assert.equal(ledger.welcome(step.count).length, ledger.counted - before);
            break;
          case 'reply':
            assert.equal(ledger.reply(step.count) !== undefined, ledger.counted > before);
            break;
          case 'keep':
            step.texts.forEach(keep);
            break;
          case 'send':
            step.texts.forEach(keep);
            assert.deepEqual(goOut(), step.texts);
            break;
          case 'goes_out':
            assert.deepEqual(goOut(), step.texts);
            break;
          default:
            assert.fail(JSON.stringify(step));
        }
      }
      assert.deepEqual(
        [ledger.counted, ledger.lost, ledger.duplicated, ledger.waiting, ledger.bytes],
        [counted, lost, duplicated, waiting, waiting],
      );
      assert.equal(ledger.reconnects, reconnects);
    });
  }
});

describe('a frame', () => {
  for (const text of [
    '{"type": "welcome", "session_id": "a"}',
    '{"type": "welcome", "session_id": "a", "count": -1}',
    '{"type": "welcome", "session_id": "a", "count": "7"}',
    '{"type": "welcome", "session_id": "a", "count": 99999999999999999999}',
    '{"type": "welcome", "count": 7}',
    '{"count": -1}',
  ]) {
    it(`is unknown: ${text}`, () => {
      assert.equal(parse(text).type, 'unknown');
    });
  }
});
