import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '#generator';
import { aDataset, anExperiment } from '../../../test/a-small-run.ts';
import { bytesPerIteration, frechetBySite, iterationsPerSecond, originalBytesPerIteration, Stopwatch } from './summary.ts';

const entry = (iteration: number, seconds: number, bytes: Record<string, { down: number; up: number }>): JournalEntry => ({
  iteration,
  seconds,
  phases: {},
  epoch: 1,
  sites: Object.fromEntries(Object.entries(bytes).map(([site, each]) => [site, { losses: {}, seconds: 0, bytes: each }])),
});

test('bytes are the mean over the iterations in which a site took part', () => {
  const journal = [
    entry(0, 1, { north: { down: 10, up: 2 }, south: { down: 100, up: 50 } }),
    entry(1, 1, { north: { down: 20, up: 4 } }),
    entry(2, 1, { north: { down: 30, up: 6 }, south: { down: 300, up: 150 } }),
  ];
  assert.deepEqual(bytesPerIteration(journal), { north: { down: 20, up: 4 }, south: { down: 200, up: 100 } });
});

test('the original sends float32 images down and float32 gradients up', () => {
  const bytes = 4 * 2 * 16 * 16 * 3;
  assert.deepEqual(originalBytesPerIteration(anExperiment()), { down: bytes, up: bytes });
});

test('iterations per second are of the iterations themselves', () => {
  assert.equal(iterationsPerSecond([entry(0, 0.5, {}), entry(1, 0.25, {}), entry(2, 0.25, {})]), 3);
});

test('a stage’s time is added up, whether or not it succeeds', async () => {
  const watch = new Stopwatch();
  const wait = () => new Promise<string>((resolve) => setTimeout(resolve, 20, 'done'));
  assert.equal(await watch.time('train', wait), 'done');
  const once = watch.seconds.train!;
  assert.ok(once > 0.015 && once < 1);
  await assert.rejects(
    watch.time('train', async () => {
      await wait();
      throw new Error('diverged');
    }),
    /diverged/,
  );
  assert.ok(watch.seconds.train! > once + 0.015);
  assert.deepEqual(Object.keys(watch.seconds), ['train']);
});

test('the texture distance is nothing to oneself and more to others; a site with too few images has none', async () => {
  const data = ['north', 'south'].map((site) => ({ site, train: aDataset(site, 6), test: null }));
  const north = await Promise.all([...Array(6).keys()].map(async (i) => (await aDataset('north', 6).read(i)).image));
  const own = await frechetBySite(data, () => north);
  assert.ok(own.north! < 1e-6 && own.south! > 1e-3, JSON.stringify(own));
  assert.deepEqual(Object.keys(await frechetBySite(data, (site) => (site === 'north' ? north : north.slice(0, 1)))), ['north']);
});
