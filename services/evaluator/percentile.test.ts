import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from './percentile.ts';

test('percentile interpolates between order statistics', () => {
  assert.equal(percentile(Float64Array.of(1, 2, 3), 0.5), 2);
  assert.equal(percentile(Float64Array.of(0, 10), 0.25), 2.5);
  assert.equal(percentile(Float64Array.of(0, 10), 1), 10);
  assert.equal(percentile(Float64Array.of(7), 0.95), 7);
});
