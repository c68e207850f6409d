import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsReference } from '../../../test/references/metrics/read.ts';
import { frechetDistance, type Gaussian, gaussianOf } from './gaussian.ts';

const diagonal = (mean: number[], deviations: number[]): Gaussian => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from({ length: mean.length ** 2 }, (_, i) =>
    i % (mean.length + 1) === 0 ? deviations[i % mean.length]! ** 2 : 0,
  ),
});

test('distance of diagonal Gaussians is the closed form: differences of means and of deviations, squared', () => {
  const distance = frechetDistance(diagonal([0, 1, 5], [1, 2, 0]), diagonal([3, 1, 4], [2, 0.5, 1]));
  assert.ok(Math.abs(distance - (9 + 0 + 1 + 1 + 2.25 + 1)) < 1e-12);
});

for (const [k, { means, covariances, distance }] of metricsReference.gaussians.entries()) {
  const [a, b] = [0, 1].map((i) => ({ mean: Float64Array.from(means[i]!), covariance: Float64Array.from(covariances[i]!) }));
  test(`distance equals SciPy's sqrtm formula, and is symmetric (${k})`, () => {
    assert.ok(Math.abs(frechetDistance(a!, b!) / distance - 1) < 1e-9);
    assert.ok(Math.abs(frechetDistance(b!, a!) / distance - 1) < 1e-9);
  });

  test(`distance to itself is 0 (${k})`, () => assert.ok(frechetDistance(a!, a!) < 1e-9 * distance));
}

test('mean and covariance of three points, and shrinkage of the correlation only', () => {
  const points = [Float64Array.of(0, 0), Float64Array.of(2, 2), Float64Array.of(4, 1)];
  assert.deepEqual(gaussianOf(points, 0), { mean: Float64Array.of(2, 1), covariance: Float64Array.of(4, 1, 1, 1) });
  assert.deepEqual(gaussianOf(points, 0.75).covariance, Float64Array.of(4, 0.25, 0.25, 1));
});

test('vectors of unlike length, Gaussians of unlike dimension and empty sets are refused', () => {
  assert.throws(() => gaussianOf([], 0), RangeError);
  assert.throws(() => gaussianOf([Float64Array.of(1), Float64Array.of(1, 2)], 0), RangeError);
  assert.throws(() => frechetDistance(diagonal([0], [1]), diagonal([0, 0], [1, 1])), RangeError);
});
