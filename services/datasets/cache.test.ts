import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampleCache } from './cache.ts';
import type { Target } from './prepare.ts';
import type { Unit } from './scan.ts';

// A sample of 2x2 pixels with one channel and a class per pixel takes 8 bytes.
const TARGET: Target = { image: { size: 2, channels: 1 }, labels: { kind: 'Classes', classes: 2 }, fit: 'Exact', contrast: 'None' };

function units(count: number): { all: Unit[]; loads: number[] } {
  const loads: number[] = [];
  const extent = { width: 2, height: 2 };
  const all = Array.from({ length: count }, (_, i) => ({
    image: `image ${i}`,
    label: `label ${i}`,
    slices: [{ index: 0, name: String(i) }],
    header: async () => ({ image: { ...extent, channels: 1, eightBit: true }, label: extent }),
    load: async () => {
      loads.push(i);
      return { ...extent, depth: 1, channels: 1, pixels: new Uint8Array(4).fill(i), labels: new Int32Array(4), labelExtent: extent };
    },
  }));
  return { all, loads };
}

test('the least recently used unit makes room', async () => {
  const { all, loads } = units(3);
  const cache = new SampleCache(TARGET, 16);
  for (const i of [0, 1, 0, 2, 0, 1]) assert.equal((await cache.get(all[i]!))[0]?.name, String(i));
  assert.deepEqual(loads, [0, 1, 2, 1]);
});

test('a unit larger than the whole cache is read and held until the next', async () => {
  const { all, loads } = units(2);
  const cache = new SampleCache(TARGET, 1);
  for (const i of [0, 0, 1, 0]) await cache.get(all[i]!);
  assert.deepEqual(loads, [0, 1, 0]);
  assert.equal(cache.fits(all), false);
});

test('concurrent reads of a unit share one loading', async () => {
  const { all, loads } = units(1);
  const cache = new SampleCache(TARGET, 16);
  const [a, b] = await Promise.all([cache.get(all[0]!), cache.get(all[0]!)]);
  assert.equal(a, b);
  assert.deepEqual(loads, [0]);
});

test('a failed loading is tried again and takes no room', async () => {
  const { all, loads } = units(3);
  const flaky = { ...all[0]!, load: async () => Promise.reject(new Error('gone')) };
  const cache = new SampleCache(TARGET, 16);
  await assert.rejects(cache.get(flaky), /gone/);
  await assert.rejects(cache.get(flaky), /gone/);
  for (const i of [1, 2, 1, 2]) await cache.get(all[i]!);
  assert.deepEqual(loads, [1, 2]);
});
