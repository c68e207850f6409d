import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { symmetricEigen, symmetricSqrt } from './eigen.ts';

test('eigenvalues of a matrix with a known answer', () => {
  const { values } = symmetricEigen(Float64Array.of(2, 1, 0, 1, 2, 0, 0, 0, 5), 3);
  for (const [k, value] of [...values].sort((a, b) => a - b).entries()) assert.ok(Math.abs(value - [1, 3, 5][k]!) < 1e-12);
});

test('a symmetric matrix is rebuilt from its eigenvalues and orthonormal eigenvectors', async () => {
  const n = 6;
  const entry = fc.double({ min: -100, max: 100, noNaN: true });
  await fc.assert(
    fc.property(fc.array(entry, { minLength: n * n, maxLength: n * n }), (entries) => {
      const matrix = Float64Array.from(entries, (value, at) => value + entries[(at % n) * n + Math.floor(at / n)]!);
      const { values, vectors } = symmetricEigen(matrix, n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let rebuilt = 0;
          let overlap = 0;
          for (let k = 0; k < n; k++) {
            rebuilt += vectors[i * n + k]! * values[k]! * vectors[j * n + k]!;
            overlap += vectors[k * n + i]! * vectors[k * n + j]!;
          }
          assert.ok(Math.abs(rebuilt - matrix[i * n + j]!) < 1e-10);
          assert.ok(Math.abs(overlap - (i === j ? 1 : 0)) < 1e-12);
        }
      }
    }),
  );
});

test('the square of the square root is the matrix', () => {
  const root = symmetricSqrt(Float64Array.of(5, 4, 4, 5), 2);
  assert.deepEqual(
    [...root].map((value) => Math.round(value * 1e9) / 1e9),
    [2, 1, 1, 2],
  );
});
