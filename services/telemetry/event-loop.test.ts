import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { watchEventLoop } from './event-loop.ts';
import { NO_METRICS } from './metrics.ts';

const BLOCKED_MS = 120;

test('a blocked event loop is told in seconds, and forgotten with the next window', async () => {
  const longest: number[] = [];
  const stop = watchEventLoop(
    { ...NO_METRICS, eventLoopDelay: (seconds, { quantile }) => void (quantile === 'max' && longest.push(seconds)) },
    200,
  );
  await delay(30);
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
  while (longest.length < 2) await delay(20);
  stop();
  assert.ok(longest[0]! > (0.9 * BLOCKED_MS) / 1000 && longest[0]! < 2, String(longest));
  assert.ok(longest[1]! < longest[0]!, String(longest));
  const told = longest.length;
  await delay(250);
  assert.equal(longest.length, told, 'it goes on after it was stopped');
});
