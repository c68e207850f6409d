import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromResiduals, residuals } from './prediction.ts';

const SHAPE = [2, 16, 16, 3] as const;

test('every sequence of bytes comes back, of images of any shape', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  const images = shapes.chain((shape) => {
    const length = shape.reduce((product, side) => product * side, 1);
    return fc.tuple(fc.constant(shape), fc.uint8Array({ minLength: length, maxLength: length }));
  });
  fc.assert(fc.property(images, ([shape, bytes]) => assert.deepEqual(fromResiduals(residuals(bytes, shape), shape), bytes)));
});

test('of even areas with upright edges next to nothing is left: the first values, and the edge where it begins', () => {
  const image = Uint8Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 5 ? 40 : 200));
  const left = [...residuals(image, SHAPE)].flatMap((byte, i) => (byte === 0 ? [] : [Math.floor(i / 3)]));
  assert.deepEqual([...new Set(left)], [0, 5, 16], 'first pixel, edge in the first row, start of the second row');
});

test('a slope between its neighbours is continued', () => {
  const image = Uint8Array.from({ length: 64 }, (_, i) => 100 + 3 * (i % 8) - 5 * Math.floor(i / 8));
  const inner = residuals(image, [1, 8, 8, 1]).filter((_, i) => i >= 8 && i % 8 > 0);
  assert.deepEqual([...new Set(inner)], [0]);
});
