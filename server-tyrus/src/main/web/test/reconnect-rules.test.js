import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ReconnectRules } from '../client/reconnect-rules.js';

const BROKEN = 1006;
const SUPERSEDED = 4001;

describe('the rules of coming back', () => {
  let nowMs = 0;
  /** @type {ReconnectRules} */
  let rules;

  beforeEach(() => {
    nowMs = 1_000_000;
    // The longest pauses that there may be.
    const random = () => 1 - Number.EPSILON;
    rules = new ReconnectRules({ backoffMs: 100, maxBackoffMs: 5_000, random, now: () => nowMs });
  });

  /** @param {number} code @returns {number} the pause after a connection that worked until then */
  function pauseAfterCounting(code) {
    rules.opened();
    rules.proved();
    rules.broke(code);
    return rules.pauseMs('');
  }

  for (const [code, stays] of /** @type {const} */ ([
    [1000, true],
    [1001, false],
    [1002, true],
    [1003, true],
    [1006, false],
    [1007, true],
    [1008, false],
    [1009, true],
    [1011, false],
    [1012, false],
    [1013, false],
    [4001, true],
    [4002, false],
  ])) {
    it(`${stays ? 'stays away' : 'comes back'} after ${code}`, () => {
      assert.equal(rules.giveUp(code, false), stays);
    });
  }

  for (const code of [BROKEN, 1001, 1011, 1013]) {
    it(`comes back once when superseded after an attempt that ended with ${code}`, () => {
      rules.failed(code, '');

      assert.equal(rules.giveUp(SUPERSEDED, false), false);
      assert.equal(rules.giveUp(SUPERSEDED, false), true);
    });
  }

  it('comes back once for each attempt that failed within 30 s', () => {
    for (let i = 0; i < 3; i++) {
      rules.failed(BROKEN, '');
      nowMs += 10_000;
    }

    assert.equal(rules.giveUp(SUPERSEDED, false), false);
    assert.equal(rules.giveUp(SUPERSEDED, false), false);
    assert.equal(rules.giveUp(SUPERSEDED, false), true, 'the first one ended 30 s ago');
  });

  it('comes back five times at most, however many attempts failed', () => {
    for (let i = 0; i < 100; i++) {
      rules.failed(BROKEN, '');
    }

    const decisions = Array.from({ length: 6 }, () => rules.giveUp(SUPERSEDED, false));

    assert.deepEqual(decisions, [false, false, false, false, false, true]);
  });

  for (const status of [502, 504]) {
    it(`comes back when superseded after an attempt that ended with status ${status}`, () => {
      rules.failed(BROKEN, `Unexpected server response: ${status}`);

      assert.equal(rules.giveUp(SUPERSEDED, false), false);
    });
  }

  for (const [code, reason] of /** @type {const} */ ([
    [SUPERSEDED, 'superseded'],
    [BROKEN, 'connect ECONNREFUSED 127.0.0.1:8080'],
    [BROKEN, 'Unexpected server response: 404'],
    [BROKEN, 'Unexpected server response: 503'],
  ])) {
    it(`stays away when superseded after an attempt that ended with ${code} ${reason}`, () => {
      rules.failed(code, reason);

      assert.equal(rules.giveUp(SUPERSEDED, false), true);
    });
  }

  it('stays away when superseded long after an attempt that failed', () => {
    rules.failed(BROKEN, '');
    nowMs += 30_000;

    assert.equal(rules.giveUp(SUPERSEDED, false), true);
  });

  it('takes the next connection of a move for what superseded the old one', () => {
    rules.failed(BROKEN, '');

    assert.equal(rules.giveUp(SUPERSEDED, true), false);
    assert.equal(rules.giveUp(SUPERSEDED, false), false, 'the failed attempt was not it');
    assert.equal(rules.giveUp(SUPERSEDED, false), true);
  });

  for (const code of [1008, 1011]) {
    it(`backs off further from a server that closes with ${code} each time`, () => {
      for (const ceilingMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
        assert.equal(pauseAfterCounting(code), ceilingMs);
      }
    });
  }

  it('backs off further from a server that says no more than the welcome', () => {
    for (const ceilingMs of [100, 200, 400]) {
      rules.opened();
      rules.broke(BROKEN);
      assert.equal(rules.pauseMs(''), ceilingMs);
    }
  });

  it('begins again with short pauses once a connection worked, or when it is to hurry', () => {
    rules.pauseMs('');
    rules.pauseMs('');
    assert.equal(pauseAfterCounting(1001), 100);

    assert.equal(rules.pauseMs(''), 200);
    rules.hurry();
    assert.equal(rules.pauseMs(''), 100);
  });

  it('waits for its own slot and the jitter', () => {
    assert.equal(rules.pauseMs('retry_after_ms=730'), 830);
  });
});
