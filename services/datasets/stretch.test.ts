import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentiles, stretch } from './stretch.ts';
import { expected } from './test-support.ts';

for (const [name, { values, bytes, percentiles: wanted, stretched }] of Object.entries(expected.contrasts)) {
  const input = bytes ? Uint8Array.from(values) : Float32Array.from(values);
  test(`percentiles of ${name} are numpy's, bit for bit`, () => {
    assert.deepEqual(percentiles(input, [0.005, 0.995]), wanted);
  });
  test(`stretching ${name} gives the reference's bytes`, () => {
    assert.deepEqual([...stretch(input)], stretched);
  });
}

test('a flat volume becomes black instead of dividing by zero', () => {
  assert.deepEqual([...stretch(new Float32Array(5).fill(-3.5))], [0, 0, 0, 0, 0]);
});
