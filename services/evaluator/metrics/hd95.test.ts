import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsReference } from '../../../test/references/metrics/read.ts';
import { distanceTransform } from './distance-transform.ts';
import { hd95 } from './hd95.ts';

const size = 10;
const at = (...pixels: [number, number][]): Uint8Array => {
  const mask = new Uint8Array(size * size);
  for (const [y, x] of pixels) mask[y * size + x] = 1;
  return mask;
};

test('distance transform equals SciPy exactly', () => {
  const { mask, height, width, squared } = metricsReference.distance;
  const distances = distanceTransform(mask, height, width);
  assert.deepEqual([...distances], squared.map(Math.sqrt));
});

test('distance to nothing is infinite', () => {
  assert.ok(distanceTransform(new Uint8Array(6), 2, 3).every((value) => value === Number.POSITIVE_INFINITY));
});

test('hd95 of two single pixels is their Euclidean distance', () => {
  assert.equal(hd95(at([1, 1]), at([4, 5]), size, size), 5);
});

test('hd95 pools both directions: one far pixel in twenty is not forgotten by the percentile', () => {
  // a: row 0; b: row 0 and one pixel 9 below its end. Distances: ten 0 from a; ten 0 and one 9 from b. Position 0.95 * 20 = 19: still 0.
  const row = Array.from({ length: 10 }, (_, x): [number, number] => [0, x]);
  assert.equal(hd95(at(...row), at(...row, [9, 9]), size, size), 0);
  // With nine pixels per row there are 19 distances, position 0.95 * 18 = 17.1: a tenth of the way from 0 to 9.
  const short = row.slice(1);
  assert.ok(Math.abs(hd95(at(...short), at(...short, [9, 9]), size, size) - 0.9) < 1e-12);
});

test('hd95 sees borders only: a hole in the middle of a disc counts, its filled inside does not', () => {
  const square = (from: number, to: number, hole?: [number, number]): Uint8Array => {
    const pixels: [number, number][] = [];
    for (let y = from; y <= to; y++) for (let x = from; x <= to; x++) if (y !== hole?.[0] || x !== hole?.[1]) pixels.push([y, x]);
    return at(...pixels);
  };
  assert.equal(hd95(square(1, 8), square(1, 8), size, size), 0);
  assert.ok(hd95(square(1, 7), square(1, 7, [4, 4]), size, size) > 0);
});

test('empty masks: both agree, one is the image diagonal', () => {
  assert.equal(hd95(at(), at(), size, size), 0);
  assert.equal(hd95(at([3, 3]), at(), size, size), Math.hypot(size, size));
  assert.equal(hd95(at(), at([3, 3]), size, size), Math.hypot(size, size));
});
