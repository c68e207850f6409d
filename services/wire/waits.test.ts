import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Waits } from './waits.ts';

test('settles as what it waits for, and leaves nothing behind', async () => {
  const waits = new Waits();
  const { signal } = new AbortController();
  const seen: AbortSignal[] = [];
  const start = async (ended: AbortSignal) => {
    seen.push(ended);
    return 7;
  };
  assert.equal(await waits.wait(start, signal), 7);
  await assert.rejects(
    waits.wait(() => Promise.reject(new Error('no')), signal),
    /no/,
  );
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  waits.endAll(new Error('later'));
  assert.equal(seen[0]?.aborted, false);
});

test('ends with the reason of the signal, or of all waits, and tells what it waited for', async () => {
  for (const way of ['signal', 'all']) {
    const waits = new Waits();
    const abort = new AbortController();
    const reason = new Error(way);
    const ended: AbortSignal[] = [];
    const start = (signal: AbortSignal) => {
      ended.push(signal);
      return new Promise<never>(() => {});
    };
    const waiting = [waits.wait(start, abort.signal), waits.wait(start, abort.signal)];
    if (way === 'signal') abort.abort(reason);
    else waits.endAll(reason);
    for (const wait of waiting) await assert.rejects(wait, (error) => error === reason);
    assert.deepEqual(
      ended.map((signal) => signal.reason),
      [reason, reason],
    );
  }
});

test('does not start once the signal has aborted', async () => {
  await assert.rejects(
    new Waits().wait(() => assert.fail('started'), AbortSignal.abort(new Error('too late'))),
    /too late/,
  );
});
