import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mixtureWeights } from './mixture.ts';

const participants = (...counts: number[]) => counts.map((count, i) => ({ site: `site-${i}`, count }));

test('Uniform weighs all sites alike, SiteSize by their training images', () => {
  assert.deepEqual(mixtureWeights('Uniform', participants(30, 10)), [0.5, 0.5]);
  assert.deepEqual(mixtureWeights('SiteSize', participants(30, 10)), [0.75, 0.25]);
});

test('weights are positive and sum to 1, whoever takes part', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(counts, fc.constantFrom('Uniform' as const, 'SiteSize' as const), (sizes, kind) => {
      const weights = mixtureWeights(kind, participants(...sizes));
      assert.ok(weights.every((weight) => weight > 0));
      assert.ok(Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-12);
    }),
  );
});
