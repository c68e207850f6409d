import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUInt8, encodeUInt8 } from './uint8.ts';

const ALL = Uint8Array.from({ length: 256 }, (_, v) => v);

test('values of the 8-bit grid come back exactly, bit for bit', () => {
  const grid = decodeUInt8(ALL);
  assert.deepEqual(encodeUInt8(grid), ALL);
  assert.deepEqual(decodeUInt8(encodeUInt8(grid)), grid);
});

test('the grid is v / 127.5 - 1 in float32, from -1 to 1', () => {
  const grid = decodeUInt8(ALL);
  assert.equal(grid[0], -1);
  assert.equal(grid[255], 1);
  grid.forEach((value, v) => {
    assert.equal(value, Math.fround(Math.fround(v / Math.fround(127.5)) - 1));
  });
});

test('a value lands on the nearest grid point, beyond [-1, 1] on the ends', () => {
  fc.assert(
    fc.property(fc.float({ min: -3, max: 3, noNaN: true }), (value) => {
      const decoded = decodeUInt8(encodeUInt8(Float32Array.of(value)))[0]!;
      const clamped = Math.min(1, Math.max(-1, value));
      assert.ok(Math.abs(decoded - clamped) <= 0.5 / 127.5 + 1e-7, `${value} became ${decoded}`);
    }),
  );
});
