import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { aji } from './aji.ts';

const map = (text: string): Int32Array => Int32Array.from(text, Number);

test('aji of hand-counted maps', () => {
  // 1 (3 px) best meets 5: 2 of 3 union; 2 (2 px) meets nothing; 7 (1 px) is a false alarm. 2 / (3 + 2 + 1).
  assert.equal(aji(map('111022000'), map('055000070')), 2 / 6);
});

test('a prediction that swallows two instances is counted for both', () => {
  assert.equal(aji(map('1122'), map('3333')), 4 / 8);
});

test('an instance split in two is matched with its larger part, the other part is a false alarm', () => {
  assert.equal(aji(map('11111'), map('22233')), 3 / (5 + 2));
});

test('nothing in truth: 1 when nothing is predicted, else 0', () => {
  assert.equal(aji(map('000'), map('000')), 1);
  assert.equal(aji(map('000'), map('010')), 0);
  assert.equal(aji(map('010'), map('000')), 0);
});

test('aji is 1 for the same map under other names, and never outside 0 to 1', async () => {
  const maps = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 20, maxLength: 20 });
  await fc.assert(
    fc.property(maps, maps, (truth, other) => {
      const renamed = truth.map((id) => (id === 0 ? 0 : 90 - 7 * id));
      assert.equal(aji(Int32Array.from(truth), Int32Array.from(renamed)), 1);
      const score = aji(Int32Array.from(truth), Int32Array.from(other));
      assert.ok(score >= 0 && score <= 1);
    }),
  );
});
